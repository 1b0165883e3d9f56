-- The topic of a room is set once, when the room is opened, and says nothing that changes.
ALTER TABLE incidents DROP COLUMN room_topic;
