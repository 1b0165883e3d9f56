-- name: make
-- Nothing happens when it has been made; whoever comes second waits for the first.
INSERT INTO keys (name, secret, made_at) VALUES (%(name)s, %(secret)s, %(now)s) ON CONFLICT (name) DO NOTHING;

-- name: get
SELECT secret, made_at, former, former_until FROM keys WHERE name = %(name)s;

-- name: rotate
-- The former key of a former rotation ends. Without a time the present one ends as well.
INSERT INTO keys (name, secret, made_at) VALUES (%(name)s, %(secret)s, %(now)s)
ON CONFLICT (name) DO UPDATE SET
    secret = excluded.secret,
    made_at = excluded.made_at,
    former = CASE WHEN %(former_until)s::timestamptz IS NOT NULL THEN keys.secret END,
    former_until = %(former_until)s::timestamptz;
