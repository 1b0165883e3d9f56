"""Rooms: incidents' channels, and every message in a channel.

`rooms` opens and names them. `cards` are messages edited in place, `posts` messages that tell a change. `asks` are
questions repainted from the current state, `prompts` questions with fixed wording; both are cards with buttons until
answered. `deeds` is the transaction of everything done to an incident. `closures` and `closed` handle channels that
take no messages (`room_looks` finds those Slack's events missed), `elsewhere` what a closed room can't show,
`announcements` the channel where incidents are announced. `members` says who may see a private incident. `in_doubt`
asks for second looks at what Slack may do late; `second_looks` takes them. `timeline_files` posts the timeline as a
file, `export_files` everything known; `archives` posts the latter a last time, then archives the room.
"""
