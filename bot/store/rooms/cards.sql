-- name: card
SELECT channel, ts, digest FROM cards WHERE key = %(key)s;

-- name: save_card
INSERT INTO cards (key, channel, ts, digest)
SELECT key, channel, ts, digest FROM jsonb_populate_recordset(NULL::cards, %(rows)s) AS given ORDER BY key
ON CONFLICT (key) DO UPDATE SET channel = EXCLUDED.channel, ts = EXCLUDED.ts, digest = EXCLUDED.digest;

-- name: card_at
SELECT key FROM cards WHERE channel = %(channel)s AND ts = %(ts)s;

-- name: forget_shown
UPDATE cards SET digest = '' WHERE key = %(key)s;

-- name: forget_card
DELETE FROM cards WHERE key = %(key)s;

-- name: is_on_its_way
-- Is it still to be posted or edited?
SELECT EXISTS (
    SELECT FROM outbox WHERE lane = 'card ' || %(key)s::text AND state IN ('waiting', 'sending')) AS on_its_way;

-- name: standing
SELECT key FROM cards WHERE key = ANY(%(keys)s) ORDER BY key;

-- name: is_led
-- Is a message on its way that has to stand above the new cards in the room?
SELECT EXISTS (
    SELECT FROM outbox WHERE lane = 'room ' || %(incident_id)s::bigint AND state IN ('waiting', 'sending')
      AND payload -> 'leads' IS NOT NULL) AS led;
