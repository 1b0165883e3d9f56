-- Every silence that has muted a card, and not only the one that its card names: each counts what it muted, at its end.

ALTER TABLE alert_groups ADD COLUMN silence_ids bigint[] NOT NULL DEFAULT '{}';
UPDATE alert_groups SET silence_ids = ARRAY[silence_id] WHERE silence_id IS NOT NULL;
-- Which cards has this silence muted?
CREATE INDEX alert_groups_silenced_by ON alert_groups USING gin (silence_ids) WHERE silence_ids <> '{}';
