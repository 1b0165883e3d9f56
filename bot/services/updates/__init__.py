"""Stakeholder updates: audiences are told about an incident, on time, in the organisation's words, with approval.

`telling` is what people ask for, with `previews` before it and `fresh_starts` between the two; `following` what an
incident's changes ask for, and `compositions` finds the words of that (`wording`). `releases` is the last step before
either leaves, `approvals` what somebody else says to it first (`decisions`). `publications` carries it to its
`audiences`, `reminders` keeps what was promised, `cards` show it in the room. Commands use `previews` and
`reminders`; the rest belongs to this room.
"""
