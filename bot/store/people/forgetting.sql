-- name: known
-- Everybody in the directory and the ladders, with how they can be reached.
SELECT person AS key, NULLIF(name, '') AS name, email, NULL AS phone, slack_id AS slack, NULL AS webhook FROM identities
UNION
SELECT kept.key, kept.value ->> 'name', kept.value ->> 'email', kept.value ->> 'phone', kept.value ->> 'slack',
    kept.value ->> 'webhook'
FROM escalations CROSS JOIN jsonb_each(policy -> 'people') kept;

-- name: contacts
-- Contacts that pages to them went to, and no others'.
SELECT via, contact FROM pages WHERE contact <> '' GROUP BY via, contact HAVING bool_and(person = ANY(%(names)s));

-- name: direct_messages
SELECT DISTINCT c.channel FROM pages p JOIN cards c ON c.key = 'page:' || p.id
WHERE p.person = ANY(%(names)s) AND c.channel LIKE 'D%%';

-- name: open_incidents
-- Those in which they take part, or may still be paged.
SELECT i.id FROM incidents i JOIN escalations e ON e.incident_id = i.id
WHERE i.resolved_at IS NULL AND (
    i.declared_by = ANY(%(names)s) OR i.acknowledged_by = ANY(%(names)s) OR e.policy -> 'people' ?| %(names)s
    OR EXISTS (SELECT FROM jsonb_each_text(i.roles) role WHERE role.value = ANY(%(names)s))
    OR EXISTS (SELECT FROM incident_members m WHERE m.incident_id = i.id AND m.person = ANY(%(names)s))
    OR EXISTS (SELECT FROM tasks t WHERE t.incident_id = i.id AND t.owner = ANY(%(names)s))
    OR EXISTS (SELECT FROM pages p WHERE p.incident_id = i.id AND p.person = ANY(%(names)s))
    OR EXISTS (SELECT FROM timeline t WHERE t.incident_id = i.id AND t.actor = ANY(%(names)s)))
ORDER BY i.id;

-- name: waiting_pages
SELECT DISTINCT incident_id AS id FROM pages WHERE person = ANY(%(names)s) AND state = 'waiting' ORDER BY id;

-- name: covers_to_come
SELECT schedule, ends_at FROM covers WHERE person = ANY(%(names)s) AND ends_at > %(now)s AND ends_at > begins_at
ORDER BY ends_at;

-- name: open_work
-- Their open work; the caller has excluded open incidents.
SELECT 'action' AS what, incident_id AS id FROM actions WHERE owner = ANY(%(names)s) AND done_at IS NULL
UNION ALL SELECT 'task', incident_id FROM tasks WHERE owner = ANY(%(names)s) AND done_at IS NULL
UNION ALL SELECT 'post-mortem', incident_id FROM postmortems
WHERE owner = ANY(%(names)s) AND ended_at IS NULL AND withdrawn_at IS NULL
ORDER BY what, id;

-- name: one_at_a_time
LOCK TABLE forgotten_people IN EXCLUSIVE MODE;

-- name: unfinished
SELECT number, identity FROM forgotten_people WHERE ended_at IS NULL ORDER BY number;

-- name: begin
INSERT INTO forgotten_people (identity, begun_at) VALUES (%(identity)s, %(now)s) RETURNING number;

-- name: keep_identity
UPDATE forgotten_people SET identity = %(identity)s WHERE number = %(number)s;

-- name: end
UPDATE forgotten_people SET identity = NULL, ended_at = %(now)s WHERE number = %(number)s;

-- name: blocks
-- The number of blocks in its file.
SELECT pg_relation_size(%(held)s::regclass) / current_setting('block_size')::int AS blocks;

-- name: count
SELECT count_naming(%(held)s::regclass, %(columns)s, %(first)s, %(last)s, %(words)s, %(pattern)s, %(quoted)s) AS count;

-- name: forget
SELECT forget_person(%(held)s::regclass, %(columns)s, %(first)s, %(last)s, %(words)s, %(pattern)s, %(quoted)s,
                     %(former)s) AS count;

-- name: ladders
-- Without any contact: the placeholder is still somebody on the ladder.
UPDATE escalations SET policy = jsonb_set(policy, '{people}', (policy -> 'people') - %(names)s
    || jsonb_build_object(%(former)s::text, jsonb_build_object('key', %(former)s::text, 'name', %(former)s::text)))
WHERE policy -> 'people' ?| %(names)s;

-- name: members
-- Added under two names, they become one member.
DELETE FROM incident_members m WHERE m.person = ANY(%(names)s) AND EXISTS (
    SELECT FROM incident_members other
    WHERE other.incident_id = m.incident_id AND other.person = ANY(%(names)s) AND other.person < m.person);

-- name: drafts
-- What they began to write and never sent.
DELETE FROM stakeholder_updates WHERE state = 'draft' AND author = ANY(%(names)s);

-- name: own_timeline
-- The key only prevents repeats, which are over by now.
UPDATE timeline SET key = NULL
WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid AND (key = ANY(%(words)s) OR key ~* %(pattern)s);

-- name: own_maintenance_entries
UPDATE maintenance_entries SET key = NULL
WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid AND (key = ANY(%(words)s) OR key ~* %(pattern)s);

-- name: own_outbox
UPDATE outbox
SET key = CASE WHEN state = 'waiting' THEN key ELSE without_person(key, %(words)s, %(pattern)s, %(former)s) END,
    lane = CASE WHEN state = 'waiting' THEN lane ELSE without_person(lane, %(words)s, %(pattern)s, %(former)s) END
WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid AND state NOT IN ('waiting', 'sending')
    AND (key = ANY(%(words)s) OR key ~* %(pattern)s OR lane = ANY(%(words)s) OR lane ~* %(pattern)s);

-- name: own_cards
-- Where their pages are, and messages of theirs alone.
DELETE FROM cards WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid
    AND (key = ANY(%(words)s) OR key ~* %(pattern)s OR channel = ANY(%(words)s));

-- name: own_requests
-- Finished requests: nobody reads them again.
UPDATE requests SET body = '{}', error = CASE WHEN error ~* %(pattern)s THEN NULL ELSE error END
WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid AND worked_at IS NOT NULL
    AND (body::text ~* %(pattern)s OR body::text ~* %(quoted)s OR error ~* %(pattern)s);

-- name: own_identities
DELETE FROM identities WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid
    AND (person = ANY(%(words)s) OR lower(email) = ANY(%(words)s) OR email = ANY(%(words)s) OR slack_id = ANY(%(words)s));

-- name: own_stopped_numbers
DELETE FROM stopped_numbers WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid AND phone = ANY(%(words)s);

-- name: own_shift_reminders
DELETE FROM shift_reminders WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid AND person = ANY(%(words)s);

-- name: own_home_viewers
DELETE FROM home_viewers WHERE ctid >= %(first)s::tid AND ctid < %(last)s::tid
    AND (account = ANY(%(words)s) OR name = ANY(%(words)s));
