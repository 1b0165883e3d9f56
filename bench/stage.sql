-- name: unfinished
-- What the bot has still to do at this instant, or in a moment: what it shows later when there is no hurry is not meant.
SELECT (SELECT count(*) FROM outbox WHERE state = 'sending' OR (state = 'waiting' AND due_at <= %(now)s + interval '2 s'))
     + (SELECT count(*) FROM requests WHERE due_at IS NOT NULL)
     + (SELECT count(*) FROM escalations WHERE due_at <= %(now)s) AS count;
