-- name: identities
SELECT person, email, slack_id, looked_up_at FROM identities;

-- name: save_identity
INSERT INTO identities (person, email, slack_id, looked_up_at)
VALUES (%(person)s, %(email)s, %(slack_id)s, %(now)s)
ON CONFLICT (person) DO UPDATE
SET email = EXCLUDED.email, slack_id = EXCLUDED.slack_id, looked_up_at = EXCLUDED.looked_up_at;

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
