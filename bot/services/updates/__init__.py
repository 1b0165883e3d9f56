"""Stakeholder updates: audiences are told about an incident, on time, in the organisation's words, with approval.

`communications` is what people ask for, `following` what an incident's changes ask for; `approvals` is the last step
before either leaves, `publications` carries it, `reminders` keeps what was promised. Commands use `communications` and
`reminders`; the rest belongs to this room.
"""
