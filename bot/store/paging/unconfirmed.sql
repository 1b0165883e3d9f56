-- name: begin
UPDATE pages SET unconfirmed_at = coalesce(unconfirmed_at, %(now)s) WHERE id = %(id)s RETURNING unconfirmed_at;

-- name: end
UPDATE pages SET unconfirmed_at = NULL, unsure = false WHERE id = %(id)s;

-- name: repeat
UPDATE pages SET unconfirmed_at = NULL, repeated_at = %(now)s WHERE id = %(id)s;

-- name: rivals
-- Other pages that a call to this number may belong to, each as often as it may have made an unknown one: when its
-- outcome was never heard, and when it was repeated without knowing.
SELECT id, (reference IS NULL)::int + (repeated_at IS NOT NULL)::int AS calls FROM pages
WHERE contact = %(phone)s AND via = 'voice' AND id <> %(but)s AND attempts > 0 AND state <> 'refused'
  AND (reference IS NULL OR repeated_at IS NOT NULL) AND (state = 'waiting' OR first_attempt_at >= %(since)s)
ORDER BY id;
