"""Post-mortems: owed when an incident is over, written together, reviewed, and done; and the actions that come of them.

`obligations` sees that one is owed, `postmortems` is what people do to it, `reminders` what becomes due, `cards` shows
it. `drafts` writes it as a document from what is stored, which `files` posts. Commands use `postmortems` and draw the
buttons of `cards`; the rest belongs to this room.
"""
