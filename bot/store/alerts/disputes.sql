-- name: open
INSERT INTO alert_disputes (source, fingerprint, told_by, alert, due_at)
SELECT %(source)s, given.fingerprint, given.told_by, given.alert, %(due_at)s
FROM jsonb_to_recordset(%(rows)s) AS given (fingerprint text, told_by text, alert jsonb)
ORDER BY given.fingerprint COLLATE "C"
ON CONFLICT (source, fingerprint) DO NOTHING;

-- name: end
-- Of what fires again, and of what has ended according to the member that had reported it firing: by a reported end, or
-- a full list of the group without it. Locked in one order, so that two deliveries cannot deadlock. One row for each.
WITH ended AS (
    SELECT source, fingerprint FROM alert_disputes
    WHERE source = %(source)s AND (fingerprint = ANY(%(firing)s) OR (
        told_by = %(told_by)s AND (
            fingerprint = ANY(%(over)s) OR (alert ->> 'group' = ANY(%(listed)s) AND fingerprint <> ALL(%(reported)s)))))
    ORDER BY fingerprint COLLATE "C" FOR UPDATE)
DELETE FROM alert_disputes USING ended
WHERE alert_disputes.source = ended.source AND alert_disputes.fingerprint = ended.fingerprint
RETURNING alert_disputes.fingerprint;

-- name: due
SELECT source, alert FROM alert_disputes WHERE due_at <= %(now)s ORDER BY due_at LIMIT %(limit)s;

-- name: claim
-- Those that nobody has ended since.
WITH mine AS (
    SELECT source, fingerprint FROM alert_disputes
    WHERE source = %(source)s AND fingerprint = ANY(%(fingerprints)s) ORDER BY fingerprint COLLATE "C" FOR UPDATE)
DELETE FROM alert_disputes USING mine
WHERE alert_disputes.source = mine.source AND alert_disputes.fingerprint = mine.fingerprint
RETURNING alert_disputes.fingerprint;

-- name: next_due
SELECT min(due_at) AS due_at FROM alert_disputes;

-- name: first_due
SELECT min(due_at) AS due_at FROM alert_disputes WHERE source = %(source)s AND fingerprint = ANY(%(fingerprints)s);
