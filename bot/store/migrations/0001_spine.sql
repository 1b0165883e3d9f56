-- Requests, incidents, escalations, pages and the outbox.

-- What people and Slack asked for: stored before it is acknowledged, worked on afterwards.
CREATE TABLE requests (
    key text PRIMARY KEY,                    -- Slack's own id of the request: a second delivery is the same row
    kind text NOT NULL,                      -- command, action, form, shortcut, event
    body jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    due_at timestamptz,                      -- when somebody else takes it over; null = worked
    attempts int NOT NULL DEFAULT 0,
    deed_at timestamptz,                     -- when its change was committed; null = it has changed nothing yet
    worked_at timestamptz,                   -- null = not finished
    error text                               -- null = no trouble
);
-- Which requests has nobody finished?
CREATE INDEX requests_due ON requests (due_at) WHERE due_at IS NOT NULL;

-- Every incident there ever was.
CREATE TABLE incidents (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,   -- INC-<id>
    title text NOT NULL,
    severity text NOT NULL,
    status text NOT NULL,                    -- investigating, identified, mitigating, monitoring, resolved
    drill boolean NOT NULL DEFAULT false,
    private boolean NOT NULL DEFAULT false,
    declared_by text NOT NULL,               -- a runbook key, else a Slack id, or tocsin
    declared_at timestamptz NOT NULL,
    acknowledged_by text,                    -- null = nobody yet
    acknowledged_at timestamptz,
    resolved_by text,                        -- null = open
    resolved_at timestamptz,
    summary text,                            -- how it ended; null = nobody said
    impact text,                             -- what users notice; null = nobody said
    roles jsonb NOT NULL DEFAULT '{}',       -- role -> who; "lead" among them
    facts jsonb NOT NULL DEFAULT '{}',       -- the latest update: conditions, actions, needs, next update
    updated_at timestamptz,                  -- the latest update of a person; null = none yet
    room_id text,                            -- Slack's channel; null = not opened yet
    room_name text,                          -- null = not opened yet
    room_at timestamptz,                     -- when it was opened; null = not yet
    room_error text,                         -- why there is no room; null = no trouble
    room_lost boolean NOT NULL DEFAULT false, -- there will never be one
    room_topic text,                         -- as it was set last; null = not yet
    origin jsonb NOT NULL DEFAULT '{}',      -- the message, alert or check it was declared from
    request text UNIQUE                      -- the request that declared it; null = not from a request
);
-- Which incidents are open? Whose room is this?
CREATE INDEX incidents_open ON incidents (declared_at DESC) WHERE resolved_at IS NULL;
CREATE UNIQUE INDEX incidents_room ON incidents (room_id) WHERE room_id IS NOT NULL;

-- Who did what, when; a line is never changed.
CREATE TABLE timeline (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incidents,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    key text,                                -- what this entry is about, when it may be said only once; null = may repeat
    UNIQUE (incident_id, key)
);

-- The ladder of each incident: a timer is the row's due_at.
CREATE TABLE escalations (
    incident_id bigint PRIMARY KEY REFERENCES incidents,
    run int NOT NULL DEFAULT 1,              -- counts up when the ladder starts again from its first step
    policy jsonb NOT NULL,                   -- the snapshot: a later edit of the runbook changes nothing here
    state text NOT NULL,                     -- climbing, answered, exhausted, stopped
    loop int NOT NULL DEFAULT 0,             -- of the next step
    step int NOT NULL DEFAULT 0,
    next_at timestamptz,                     -- when the next step is taken; null = never
    reach_by timestamptz,                    -- when we look whether the last step reached somebody; null = it did
    due_at timestamptz GENERATED ALWAYS AS (LEAST(next_at, reach_by)) STORED,
    last_tier text,                          -- of the last step taken; null = none yet
    last_step_at timestamptz,
    last_called_by text,                     -- who escalated by hand last; null = nobody
    last_called_at timestamptz,
    calls int NOT NULL DEFAULT 0,            -- how often somebody was called by hand, beside the ladder
    snoozed_until timestamptz                -- null = not snoozed
);
-- What is due?
CREATE INDEX escalations_due ON escalations (due_at) WHERE due_at IS NOT NULL;

-- One page: one person, one step, one channel. Its state is what a provider said, never what we hope.
CREATE TABLE pages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incidents,
    run int NOT NULL,
    loop int NOT NULL,
    step int NOT NULL,                       -- -1: called by hand, beside the ladder; loop then counts the calls
    tier text,                               -- null: a person was called, no tier
    person text NOT NULL,
    via text NOT NULL,
    contact text NOT NULL,                   -- where it goes: address, number, Slack id ('' = no account was found)
    reason text,                             -- why somebody was called by hand; null = the ladder
    late boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'waiting',   -- waiting, accepted, delivered, refused, gave_up, cancelled
    attempts int NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    first_attempt_at timestamptz,            -- null = not tried yet
    accepted_at timestamptz,                 -- null = no provider has accepted it
    reference text,                          -- the provider's; null until accepted
    error text,                              -- the last one; null = none
    UNIQUE (incident_id, run, loop, step, person, via)
);
-- Who was paged for this incident?
CREATE INDEX pages_of_incident ON pages (incident_id, id);

-- Everything that leaves the house.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    key text,                                -- while one with this key waits, another is the same; null = each counts
    lane text,                               -- of one lane, only the first unfinished one is sent; null = no order
    priority smallint NOT NULL,              -- smaller goes first
    state text NOT NULL DEFAULT 'waiting',   -- waiting, sending, sent, refused, gave_up, cancelled
    due_at timestamptz NOT NULL,             -- when it is looked at next; while sending: when its lease ends
    fence bigint NOT NULL DEFAULT 0,         -- counts claims: an outcome of an older claim is not recorded
    attempts int NOT NULL DEFAULT 0,
    unsure boolean NOT NULL DEFAULT false,   -- an earlier attempt may have been accepted
    created_at timestamptz NOT NULL,
    done_at timestamptz,                     -- null = unfinished
    reference text,
    error text
);
-- What is due, most urgent first? What is before me in my lane? Is the same thing waiting already?
CREATE INDEX outbox_due ON outbox (priority, id) INCLUDE (due_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX outbox_next ON outbox (due_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX outbox_lane ON outbox (lane, priority, id) WHERE state IN ('waiting', 'sending') AND lane IS NOT NULL;
CREATE UNIQUE INDEX outbox_key ON outbox (key) WHERE state = 'waiting' AND key IS NOT NULL;

-- Messages that are edited in place: where each one stands.
CREATE TABLE cards (
    key text PRIMARY KEY,                    -- incident:12, announcement:12, page:34, alert:5 ...
    channel text NOT NULL,
    ts text NOT NULL,
    digest text NOT NULL                     -- of what it shows, so that an edit without a change is not sent
);

-- Slack accounts of the runbook's people, found by e-mail.
CREATE TABLE identities (
    person text PRIMARY KEY,
    email text NOT NULL,
    slack_id text,                           -- null = nobody in the workspace has this address
    looked_up_at timestamptz NOT NULL
);

-- Slack channels of the runbook, found by name.
CREATE TABLE channels (
    name text PRIMARY KEY,                   -- without '#'
    slack_id text NOT NULL
);

-- Who did what, also what belongs to no incident.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    deed text NOT NULL,
    subject text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}'
);

-- Rings the bell when something becomes due, so that every process can set its alarm clock.
CREATE FUNCTION ring_the_bell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tocsin', TG_TABLE_NAME);
    RETURN NULL;
END $$;

CREATE TRIGGER outbox_bell AFTER INSERT OR UPDATE OF due_at ON outbox
    FOR EACH ROW WHEN (NEW.state = 'waiting') EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER escalations_bell AFTER INSERT OR UPDATE OF next_at, reach_by ON escalations
    FOR EACH ROW WHEN (NEW.next_at IS NOT NULL OR NEW.reach_by IS NOT NULL) EXECUTE FUNCTION ring_the_bell();
