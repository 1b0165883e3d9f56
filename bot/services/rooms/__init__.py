"""Rooms: the channel of an incident, and every message in a channel.

`rooms` opens and names it, `cards` are messages edited in place, `posts` messages that tell a change, `deeds` the one
transaction in which something is done to an incident. `asks` are questions, each a card until it is answered.
`closures` and `closed` are about channels that take no messages (`room_looks` finds those that nobody heard of),
`announcements` about the one where incidents are announced. `members` says who may see a private incident.
`in_doubt` asks for second looks at what Slack may do late, `second_looks` takes them.
`timeline_files` posts an incident's whole story in its room, `export_files` all that is known of it;
`archives` posts that last, and then archives the room.
"""
