-- name: plan
-- The runbook may move a plan, but what is overdue stays overdue.
INSERT INTO backup_plans (name, due_at) VALUES (%(name)s, %(due_at)s)
ON CONFLICT (name) DO UPDATE SET due_at = EXCLUDED.due_at WHERE backup_plans.due_at > %(now)s;

-- name: claim_plans
-- Skips those another process is about to begin; the rest stay locked until this transaction ends.
SELECT name FROM backup_plans WHERE due_at <= %(now)s AND name = ANY(%(names)s)
ORDER BY due_at FOR UPDATE SKIP LOCKED;

-- name: postpone_plan
UPDATE backup_plans SET due_at = %(due_at)s WHERE name = %(name)s;

-- name: plans
SELECT name, due_at FROM backup_plans WHERE name = ANY(%(names)s);

-- name: next_due
-- The next plan, a silent run that counts as lost, or the next remains that this machine can inspect.
SELECT LEAST(
    (SELECT min(due_at) FROM backup_plans WHERE name = ANY(%(names)s)),
    (SELECT min(heard_at) + %(lost_after)s FROM backups WHERE state = 'running' AND id <> ALL(%(own)s::bigint[])),
    (SELECT min(sweep_at) FROM backups
        WHERE sweep_at IS NOT NULL AND name = ANY(%(names)s) AND (machine = %(machine)s OR place LIKE '%%://%%')
            AND id <> ALL(%(own)s::bigint[]))
) AS due_at;

-- name: hold
-- Locks out other backups and restores of this database until this transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('backup ' || %(name)s, 0));

-- name: begin
-- No row when a backup of this database is running, or a restore of which this is not the safety backup.
INSERT INTO backups (name, started_at, started_by, heard_at, place, file, machine, before_restore)
SELECT %(name)s, %(now)s, %(started_by)s, %(now)s, %(place)s, '', %(machine)s, %(before_restore)s::bigint
WHERE NOT EXISTS (
    SELECT FROM backup_restores
    WHERE name = %(name)s AND state = 'running' AND id IS DISTINCT FROM %(before_restore)s::bigint)
ON CONFLICT (name) WHERE state = 'running' DO NOTHING
RETURNING id;

-- name: name_file
UPDATE backups SET file = %(file)s WHERE id = %(id)s RETURNING *;

-- name: by_id
SELECT * FROM backups WHERE id = %(id)s;

-- name: by_id_locked
SELECT * FROM backups WHERE id = %(id)s FOR NO KEY UPDATE;

-- name: running
SELECT * FROM backups WHERE name = %(name)s AND state = 'running';

-- name: is_under_way
-- One is running, or due.
SELECT EXISTS (SELECT FROM backups WHERE name = %(name)s AND state = 'running')
    OR EXISTS (SELECT FROM backup_plans WHERE name = %(name)s AND due_at <= %(soon)s) AS found;

-- name: hear
-- The run's process is alive.
UPDATE backups SET heard_at = %(now)s, size = %(size)s, tables = %(tables)s, tables_done = %(tables_done)s
WHERE id = %(id)s AND state = 'running';

-- name: succeed
-- A run given up as lost that turns out complete is good.
UPDATE backups
SET state = 'good', ended_at = %(now)s, size = %(size)s, sha256 = %(sha256)s, tool = %(tool)s, server = %(server)s,
    verified_at = %(now)s, error = NULL, tables = %(tables)s, tables_done = coalesce(%(tables)s, 0),
    counts = %(counts)s, counted = %(counted)s, source = %(source)s, sweep_at = NULL
WHERE id = %(id)s AND state IN ('running', 'lost')
RETURNING *;

-- name: fail
UPDATE backups SET state = 'failed', ended_at = %(now)s, error = %(error)s
WHERE id = %(id)s AND state = 'running'
RETURNING *;

-- name: lose
-- Those whose process has been silent. The one that gives a run up inspects its remains at once.
UPDATE backups SET state = 'lost', ended_at = %(now)s, sweep_at = %(again_at)s
WHERE state = 'running' AND heard_at <= %(silent_since)s AND id <> ALL(%(own)s::bigint[])
RETURNING *;

-- name: claim_left
-- Lost runs not inspected yet, and interrupted removals. Only its own machine can see what is in a folder.
UPDATE backups SET sweep_at = %(again_at)s
WHERE id IN (
    SELECT id FROM backups
    WHERE sweep_at <= %(now)s AND name = ANY(%(names)s) AND (machine = %(machine)s OR place LIKE '%%://%%')
        AND id <> ALL(%(own)s::bigint[]) FOR NO KEY UPDATE SKIP LOCKED)
RETURNING *;

-- name: swept
UPDATE backups SET sweep_at = NULL WHERE id = %(id)s;

-- name: judge
UPDATE backups SET state = %(state)s, verified_at = %(now)s, error = %(error)s
WHERE id = %(id)s AND state IN ('good', 'damaged')
RETURNING *;

-- name: removing
-- If the process that removes its file dies, another one checks then.
UPDATE backups SET sweep_at = %(again_at)s WHERE id = %(id)s AND state IN ('good', 'damaged');

-- name: forget
UPDATE backups SET state = 'deleted', deleted_at = %(now)s, sweep_at = NULL
WHERE id = %(id)s AND state IN ('good', 'damaged');

-- name: files
-- Whatever their outcome.
SELECT file FROM backups WHERE name = ANY(%(names)s);

-- name: kept_at
-- The newest that should be there.
SELECT file FROM backups WHERE state = 'good' AND place = %(place)s AND machine = %(machine)s
ORDER BY started_at DESC, id DESC LIMIT %(limit)s;

-- name: names
-- Every database that was ever backed up.
SELECT DISTINCT name FROM backups ORDER BY name;

-- name: adopt
-- No row when it is known already.
INSERT INTO backups (
    name, state, started_at, started_by, heard_at, ended_at, place, file, machine, size, sha256, tool, server, verified_at,
    tables, tables_done, counts, counted, source, adopted_at)
SELECT %(name)s, 'good', %(started_at)s, %(adopted_by)s, %(now)s, %(ended_at)s, %(place)s, %(file)s, %(machine)s, %(size)s,
    %(sha256)s, %(tool)s, %(server)s, %(now)s, %(tables)s::integer, coalesce(%(tables)s::integer, 0), %(counts)s::jsonb,
    %(counted)s, %(source)s::jsonb, %(now)s
WHERE NOT EXISTS (SELECT FROM backups WHERE name = %(name)s AND file = %(file)s)
RETURNING *;

-- name: good
-- Newest first.
SELECT * FROM backups WHERE name = ANY(%(names)s) AND state = 'good' ORDER BY started_at DESC, id DESC;

-- name: whole
-- With a file to read back, good or damaged; newest first.
SELECT * FROM backups WHERE name = ANY(%(names)s) AND state IN ('good', 'damaged') ORDER BY started_at DESC, id DESC;

-- name: newest_whole
SELECT * FROM backups WHERE name = ANY(%(names)s) AND state IN ('good', 'damaged')
ORDER BY started_at DESC, id DESC LIMIT 1;

-- name: newest
SELECT * FROM backups WHERE name = ANY(%(names)s) ORDER BY started_at DESC, id DESC LIMIT %(limit)s;

-- name: last_of_each
-- For each database: the newest run, the newest good one, and the running one.
SELECT * FROM (
    SELECT DISTINCT ON (name, kind) name, kind, id FROM (
        SELECT name, id, started_at, 'newest' AS kind FROM backups WHERE name = ANY(%(names)s)
        UNION ALL SELECT name, id, started_at, state FROM backups
        WHERE name = ANY(%(names)s) AND state IN ('good', 'running')) every
    ORDER BY name, kind, started_at DESC, id DESC) chosen
JOIN backups USING (name, id);

-- name: has_newer_good
SELECT EXISTS (
    SELECT FROM backups WHERE name = %(name)s AND state = 'good' AND (started_at, id) > (%(started_at)s, %(id)s)) AS found;

-- name: failed_lately
-- Failed runs between the latest two good ones: they may have left files they could not remove. So may runs that were
-- given up and went on all the same.
SELECT * FROM backups WHERE name = %(name)s AND file <> '' AND (
    (state = 'failed' AND id > coalesce((
        SELECT id FROM backups WHERE name = %(name)s AND state = 'good' ORDER BY id DESC OFFSET 1 LIMIT 1), 0))
    OR (state = 'lost' AND sweep_at IS NULL AND ended_at >= %(since)s AND ended_at < %(before)s))
ORDER BY id DESC LIMIT %(most)s;

-- name: failure_before
-- The latest run before this one, if it failed.
SELECT * FROM (
    SELECT * FROM backups WHERE name = %(name)s AND id < %(id)s AND state <> 'deleted' ORDER BY id DESC LIMIT 1) before
WHERE state IN ('failed', 'lost', 'damaged');
