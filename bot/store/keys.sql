-- name: make
-- Nothing happens when it has been made; whoever comes second waits for the first.
INSERT INTO keys (name, secret, made_at) VALUES (%(name)s, %(secret)s, %(now)s) ON CONFLICT (name) DO NOTHING;

-- name: get
SELECT secret FROM keys WHERE name = %(name)s;
