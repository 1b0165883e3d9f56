-- name: audit
INSERT INTO audit (at, actor, deed, subject, facts) VALUES (%(at)s, %(actor)s, %(deed)s, %(subject)s, %(facts)s);

-- name: audit_log
SELECT at, actor, deed, subject, facts FROM audit ORDER BY id DESC LIMIT %(limit)s;
