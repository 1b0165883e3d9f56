-- What became of those who answered at the instant at which their next page left.

-- name: answers
-- When the transaction of each answer was committed, by the database's clock, which is this machine's.
SELECT incident_id, pg_xact_commit_timestamp(xmin) AS at FROM timeline
WHERE incident_id = ANY(%(ids)s) AND kind = 'acknowledged';
