-- name: watch
INSERT INTO night_looks (due_at) VALUES (%(due_at)s)
ON CONFLICT (only_one) DO UPDATE SET due_at = LEAST(night_looks.due_at, %(due_at)s);

-- name: claim_due
SELECT due_at, looked_until FROM night_looks WHERE due_at <= %(now)s FOR UPDATE SKIP LOCKED;

-- name: move
UPDATE night_looks SET due_at = %(due_at)s, looked_until = GREATEST(looked_until, %(now)s);

-- name: next_due
SELECT min(due_at) AS due_at FROM night_looks;

-- name: between
-- A step counts once per person, however many ways and rounds it had. The first condition only lets the index be used.
WITH woken AS (
    SELECT p.person, p.accepted_at AT TIME ZONE %(zone)s AS at, (p.incident_id, p.run, p.loop, p.step) AS of_step
    FROM pages p JOIN incidents i ON i.id = p.incident_id
    WHERE p.accepted_at > %(first)s::date - interval '1 day' AND NOT i.drill),
by_night AS (
    SELECT person, of_step, CASE WHEN at::time >= %(begins)s::time THEN at::date ELSE at::date - 1 END AS begun_on
    FROM woken WHERE at::time >= %(begins)s::time OR at::time < %(ends)s::time)
SELECT person, begun_on, count(DISTINCT of_step)::int AS pages FROM by_night
WHERE begun_on BETWEEN %(first)s::date AND %(last)s::date
GROUP BY 1, 2 ORDER BY 1, 2;
