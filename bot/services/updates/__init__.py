"""Stakeholder updates: audiences are told about an incident, on time, in the organisation's words, with approval.

People use `telling`, after `previews` and perhaps `fresh_starts`. `following` reacts to changes of an incident, and
`compositions` finds the words for those (`wording`). Both go through `releases`, after `approvals` where needed
(`decisions`). `publications` carries updates to their `audiences`, `reminders` watches promised times, `cards` show
them in the room. Commands use `previews` and `reminders`; the rest is internal.
"""
