"""Post-mortems: owed when an incident is over, written together, reviewed, done; and the actions they lead to.

`obligations` decides whether one is owed, `postmortems` is what people do with it, `reminders` reminds of its dates,
`cards` shows it. `drafts` renders it as a document, which `files` posts and `canvases` puts into the room's canvas.
`actions` are given, done, handed over; `action_cards` shows them, and `action_lists` lists the open ones once a month.
Commands use `postmortems`, `actions`, `files` and `canvases`, and the buttons of `cards`; the rest is private to this
room.
"""
