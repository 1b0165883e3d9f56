-- name: ask
-- No row when a restore of this database is waiting or running.
INSERT INTO backup_restores
    (name, backup_id, state, asked_by, asked_account, asked_at, expires_at, prospect, server_running, incident_id,
        scratch, aside, heard_at)
VALUES
    (%(name)s, %(backup_id)s, 'waiting', %(asked_by)s, %(asked_account)s, %(now)s, %(expires_at)s, %(prospect)s,
        %(running)s, %(incident_id)s, '', '', %(now)s)
ON CONFLICT (name) WHERE state IN ('waiting', 'running') DO NOTHING
RETURNING id;

-- name: name_databases
UPDATE backup_restores SET scratch = %(scratch)s, aside = %(aside)s WHERE id = %(id)s RETURNING *;

-- name: by_id
SELECT * FROM backup_restores WHERE id = %(id)s;

-- name: by_id_locked
SELECT * FROM backup_restores WHERE id = %(id)s FOR NO KEY UPDATE;

-- name: hold_target
-- Locks out other requests for a restore into a database of this name until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('restore into ' || %(target)s, 0));

-- name: open_into
-- Two entries of the runbook may name one database, and one server by two names.
SELECT * FROM backup_restores
WHERE state IN ('waiting', 'running') AND (name = %(name)s OR (prospect -> 'target' ->> 'database' = %(database)s AND (
    server_running = %(running)s::text
    OR prospect -> 'target' ->> 'server' = %(server)s AND (prospect -> 'target' ->> 'port')::int = %(port)s)))
ORDER BY id LIMIT 1;

-- name: begin
-- From here on a scratch database of ours may exist beside the target.
UPDATE backup_restores
SET state = 'running', decided_by = %(decided_by)s, decided_at = %(now)s, reason = %(reason)s, overruled = %(overruled)s,
    heard_at = %(now)s, sweep_at = %(now)s
WHERE id = %(id)s
RETURNING *;

-- name: reject
UPDATE backup_restores SET state = 'rejected', decided_by = %(decided_by)s, decided_at = %(now)s, ended_at = %(now)s
WHERE id = %(id)s
RETURNING *;

-- name: expire
UPDATE backup_restores SET state = 'expired', ended_at = %(now)s
WHERE state = 'waiting' AND expires_at <= %(now)s
RETURNING *;

-- name: tie
UPDATE backup_restores SET incident_id = %(incident_id)s WHERE id = %(id)s;

-- name: move_on
UPDATE backup_restores
SET stage = %(stage)s, heard_at = %(now)s, scratch_number = coalesce(%(number)s::bigint, scratch_number)
WHERE id = %(id)s AND state = 'running';

-- name: hear
-- Its process is alive.
UPDATE backup_restores SET heard_at = %(now)s, bytes_back = %(bytes_back)s WHERE id = %(id)s AND state = 'running'
RETURNING *;

-- name: saved
UPDATE backup_restores SET safety_id = %(safety_id)s, safety_error = %(error)s WHERE id = %(id)s;

-- name: done
-- A restore given up as lost that completes after all is done.
UPDATE backup_restores
SET state = 'done', ended_at = %(now)s, exchanged_at = %(now)s, kept = %(kept)s, took = %(took)s, rto = %(rto)s,
    tables = %(tables)s, rows = %(rows)s, answers = %(answers)s, counted = %(counted)s, unheld = %(unheld)s,
    lost = %(lost)s, error = NULL
WHERE id = %(id)s AND state IN ('running', 'lost')
RETURNING *;

-- name: fail
UPDATE backup_restores SET state = 'failed', ended_at = %(now)s, error = %(error)s
WHERE id = %(id)s AND state = 'running'
RETURNING *;

-- name: lose
-- Those whose process has been silent.
UPDATE backup_restores SET state = 'lost', ended_at = %(now)s
WHERE state = 'running' AND heard_at <= %(silent_since)s AND id <> ALL(%(own)s::bigint[])
RETURNING *;

-- name: claim_left
-- Until `again_at` it is this process's to clean up; then anybody's again.
UPDATE backup_restores SET sweep_at = %(again_at)s
WHERE id IN (
    SELECT id FROM backup_restores
    WHERE sweep_at <= %(now)s AND state <> 'running' AND name = ANY(%(names)s) FOR UPDATE SKIP LOCKED)
RETURNING *;

-- name: swept
UPDATE backup_restores
SET sweep_at = NULL, kept = kept OR %(kept)s, exchanged_at = coalesce(exchanged_at, %(exchanged_at)s::timestamptz)
WHERE id = %(id)s AND sweep_at IS NOT NULL
RETURNING *;

-- name: sweep_again
UPDATE backup_restores SET sweep_at = %(again_at)s WHERE id = %(id)s AND sweep_at IS NOT NULL;

-- name: next_due
-- The next to expire, a silent one that counts as lost, or one that needs a clean-up.
SELECT LEAST(
    (SELECT min(expires_at) FROM backup_restores WHERE state = 'waiting'),
    (SELECT min(heard_at) + %(lost_after)s FROM backup_restores
        WHERE state = 'running' AND id <> ALL(%(own)s::bigint[])),
    (SELECT min(sweep_at) FROM backup_restores
        WHERE sweep_at IS NOT NULL AND state <> 'running' AND name = ANY(%(names)s))
) AS due_at;

-- name: last_took
SELECT (SELECT took FROM (
    SELECT took, ended_at FROM backup_restores WHERE name = %(name)s AND state = 'done'
    UNION ALL SELECT took, ended_at FROM backup_drills WHERE name = %(name)s AND state = 'passed') AS each
    ORDER BY ended_at DESC LIMIT 1) AS took;

-- name: recoveries
-- For each database: successful drills and restores, and how many of them were within their RTO.
SELECT name, what, count(*) FILTER (WHERE rto IS NULL) AS unpromised, count(*) FILTER (WHERE took <= rto) AS met,
    count(*) FILTER (WHERE took > rto) AS missed
FROM (
    SELECT name, 'restore' AS what, took, rto FROM backup_restores WHERE state = 'done' AND ended_at > %(since)s
    UNION ALL
    SELECT name, 'drill', took, rto FROM backup_drills WHERE state = 'passed' AND ended_at > %(since)s) AS each
GROUP BY name, what ORDER BY name, what;

-- name: session
SELECT pg_backend_pid() AS pid, pg_postmaster_start_time() AS since;
