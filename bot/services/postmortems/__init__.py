"""Post-mortems: owed when an incident is over, written together, reviewed, done; and the actions they lead to.

`obligations` sees that one is owed, `postmortems` is what people do to it, `reminders` what becomes due, `cards` shows
it. `drafts` writes it as a document from what is stored, which `files` posts and `canvases` puts
beside the room's messages. `actions` are given, done, handed over;
`action_cards` shows them, `action_lists` lists once a month what is still open. Commands use `postmortems`, `actions`
and `postmortem_files`, `postmortem_canvases`, and draw the buttons of `cards`; the rest belongs to this room.
"""
