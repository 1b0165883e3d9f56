-- A channel that was archived, or that the bot was put out of, takes no messages.

ALTER TABLE incidents ADD COLUMN room_closed text;   -- archived, or left: the bot is not in it; null = it can post there
ALTER TABLE channels ADD COLUMN closed text;         -- as of a room
