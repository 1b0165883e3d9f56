-- name: unfinished
-- The work that the bot has left now or within seconds; less urgent updates of displays aren't counted.
SELECT (SELECT count(*) FROM outbox WHERE state = 'sending' OR (state = 'waiting' AND due_at <= %(now)s + interval '2 s'))
     + (SELECT count(*) FROM requests WHERE due_at IS NOT NULL)
     + (SELECT count(*) FROM escalations WHERE due_at <= %(now)s) AS count;
