-- Alerts of one name are told apart by when they began and ended, and a group may be told in part only.

ALTER TABLE alerts
    ADD COLUMN source_group text,                -- the group its source puts it in; null = none
    ADD COLUMN starts_at timestamptz,            -- when it began, by its source's clock; null = it does not say
    ADD COLUMN unlisted boolean NOT NULL DEFAULT false; -- over because its group was told without it
-- Which alerts of this group are not in the list that has come?
CREATE INDEX alerts_of_source_group ON alerts (source, source_group) WHERE resolved_at IS NULL AND source_group IS NOT NULL;

ALTER TABLE alert_groups
    ADD COLUMN hidden int NOT NULL DEFAULT 0,    -- how many more alerts its source has not shown
    ADD COLUMN closed_by text;                   -- the person who closed it; null = it ended by itself

-- The last end of each alert that was told with its time: what was before it is late news.
CREATE TABLE alert_endings (
    source text NOT NULL,
    fingerprint text NOT NULL,
    ended_at timestamptz NOT NULL,               -- by the source's clock
    told_at timestamptz NOT NULL,
    late_at timestamptz,                         -- when a firing from before it was told first; null = never
    PRIMARY KEY (source, fingerprint)
);
-- Which are old enough to be forgotten?
CREATE INDEX alert_endings_age ON alert_endings (told_at);
