-- Whoever told that an alert is over knows best when it fires again, and whoever told that it fires when it ends.

ALTER TABLE alerts ADD COLUMN told_by text;          -- as the sender names itself, the last one; null = it does not
ALTER TABLE alert_endings ADD COLUMN told_by text;   -- likewise
