-- name: hold
-- Locks out other claims until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('backup verifications', 0));

-- name: forget
-- Those whose process has been silent.
DELETE FROM backup_verifications WHERE heard_at <= %(silent_since)s;

-- name: under_way
SELECT backup_id FROM backup_verifications;

-- name: claim
INSERT INTO backup_verifications (backup_id, heard_at) VALUES (%(backup_id)s, %(now)s);

-- name: hear
-- The process that reads it is alive.
UPDATE backup_verifications SET heard_at = %(now)s WHERE backup_id = %(backup_id)s;

-- name: release
DELETE FROM backup_verifications WHERE backup_id = %(backup_id)s;
