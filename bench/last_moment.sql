-- The outcome of acknowledgements made at the moment the next page left.

-- name: answers
-- The commit time of each acknowledgement, by the database's clock, which is this machine's.
SELECT incident_id, pg_xact_commit_timestamp(xmin) AS at FROM timeline
WHERE incident_id = ANY(%(ids)s) AND kind = 'acknowledged';
