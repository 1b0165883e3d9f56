-- name: make
-- Does nothing if it exists; waits for another process that is making it.
INSERT INTO keys (name, secret, made_at) VALUES (%(name)s, %(secret)s, %(now)s) ON CONFLICT (name) DO NOTHING;

-- name: get
SELECT secret, made_at, former, former_until FROM keys WHERE name = %(name)s;

-- name: rotate
-- Drops the key before the present one. Without a time, the present one becomes invalid too.
INSERT INTO keys (name, secret, made_at) VALUES (%(name)s, %(secret)s, %(now)s)
ON CONFLICT (name) DO UPDATE SET
    secret = excluded.secret,
    made_at = excluded.made_at,
    former = CASE WHEN %(former_until)s::timestamptz IS NOT NULL THEN keys.secret END,
    former_until = %(former_until)s::timestamptz;
