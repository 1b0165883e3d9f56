-- name: identities
SELECT person, name, email, slack_id FROM identities;

-- name: introduce
-- How this runbook calls its people, and the accounts that it gives them; what is known already is left alone.
INSERT INTO identities (person, name, email, slack_id, looked_up_at)
SELECT person, name, email, slack_id, %(now)s
FROM jsonb_to_recordset(%(rows)s) AS given (person text, name text, email text, slack_id text)
ORDER BY person
ON CONFLICT (person) DO UPDATE
SET name = EXCLUDED.name, slack_id = coalesce(EXCLUDED.slack_id, identities.slack_id)
WHERE (identities.name, identities.slack_id)
    IS DISTINCT FROM (EXCLUDED.name, coalesce(EXCLUDED.slack_id, identities.slack_id))
RETURNING person;

-- name: ring
SELECT pg_notify('tocsin', 'people');

-- name: save_identity
INSERT INTO identities (person, name, email, slack_id, looked_up_at)
VALUES (%(person)s, %(name)s, %(email)s, %(slack_id)s, %(now)s)
ON CONFLICT (person) DO UPDATE
SET name = EXCLUDED.name, email = EXCLUDED.email, slack_id = EXCLUDED.slack_id, looked_up_at = EXCLUDED.looked_up_at;

-- name: channels
SELECT name, slack_id FROM channels;

-- name: save_channel
-- The bot is a member now; was it before?
WITH before AS (SELECT slack_id, closed FROM channels WHERE name = %(name)s)
INSERT INTO channels (name, slack_id) VALUES (%(name)s, %(slack_id)s)
ON CONFLICT (name) DO UPDATE SET slack_id = EXCLUDED.slack_id, closed = NULL
RETURNING EXISTS (SELECT FROM before WHERE slack_id = %(slack_id)s AND closed IS NULL) AS was_in_use;

-- name: channel
SELECT slack_id FROM channels WHERE name = %(name)s;

-- name: channels_in_use
SELECT name, slack_id FROM channels WHERE closed IS NULL;

-- name: missing
SELECT name, why FROM channels_missing;

-- name: note_missing
-- No row when that was known.
INSERT INTO channels_missing (name, why) VALUES (%(name)s, %(why)s)
ON CONFLICT (name) DO UPDATE SET why = EXCLUDED.why WHERE channels_missing.why <> EXCLUDED.why
RETURNING name;

-- name: forget_missing
DELETE FROM channels_missing WHERE name = %(name)s;
