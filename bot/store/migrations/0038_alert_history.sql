-- The thread under an alert's card tells what has happened to it up to here; null = nothing yet but its opening.
ALTER TABLE alert_groups ADD COLUMN history_at timestamptz;
-- How often has this group fired of late?
CREATE INDEX alert_groups_by_key ON alert_groups (source, key, opened_at);
-- What has begun, and what has ended in it, since then?
CREATE INDEX alerts_begun ON alerts (group_id, first_at);
CREATE INDEX alerts_ended ON alerts (group_id, resolved_at) WHERE resolved_at IS NOT NULL;
