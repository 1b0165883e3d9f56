-- name: unfinished
-- What the bot has still to do at this instant.
SELECT (SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending'))
     + (SELECT count(*) FROM requests WHERE due_at IS NOT NULL)
     + (SELECT count(*) FROM escalations WHERE due_at <= %(now)s) AS count;
