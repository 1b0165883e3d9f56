-- Silences: what is muted, by whom, why, and until when.
CREATE TABLE silences (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text,                             -- with `key`: the group of one card; null = `matches` decides
    key text,
    matches jsonb NOT NULL,                  -- patterns by label, as a rule has them; empty for one card
    shown text NOT NULL,                     -- what is muted, in words
    author text NOT NULL,
    reason text NOT NULL,                    -- '' = none was given
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz,                    -- null = it is in force
    ended_by text,                           -- null = its time was over
    muted int NOT NULL DEFAULT 0             -- how many alerts that were, once it has ended
);
-- What is in force, and what ends next?
CREATE INDEX silences_in_force ON silences (ends_at) WHERE ended_at IS NULL;

ALTER TABLE alert_groups ADD COLUMN silence_id bigint REFERENCES silences;  -- null = it is not muted now
-- Which cards does this silence mute?
CREATE INDEX alert_groups_muted ON alert_groups (silence_id) WHERE silence_id IS NOT NULL;

-- Those that were asked for on a card, and are in force.
INSERT INTO silences (source, key, matches, shown, author, reason, starts_at, ends_at)
SELECT DISTINCT ON (source, key) source, key, '{}', source || ': ' || key, silenced_by, '', now(), silenced_until
FROM alert_groups WHERE silenced_until > now() AND silenced_by IS NOT NULL ORDER BY source, key, id DESC;
UPDATE alert_groups g SET silence_id = s.id FROM silences s
WHERE s.source = g.source AND s.key = g.key AND g.silenced_until > now() AND g.closed_at IS NULL;
DROP INDEX alert_groups_silenced;
