-- Alerts, as monitoring systems tell them, and the jobs that must be heard of.

-- What was delivered, as it came: to see what a source really sends, and to know a second delivery.
CREATE TABLE alert_deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    key text,                                -- the source's own id of it; null = it has none, each delivery counts
    received_at timestamptz NOT NULL,
    accepted int NOT NULL,                   -- how many alerts were in it
    body bytea NOT NULL,                     -- its beginning
    UNIQUE (source, key)
);
-- Which are old enough to be forgotten?
CREATE INDEX alert_deliveries_age ON alert_deliveries (received_at);

-- The alerts of one card, from the first that fires until none does.
CREATE TABLE alert_groups (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    key text NOT NULL,                       -- the source's own name of the group, else the alert's fingerprint
    quiet boolean NOT NULL DEFAULT false,    -- fewer than their rule waits for: nobody is told
    told text[] NOT NULL DEFAULT '{}',       -- slack, email, webhook: where it has been told
    opened_at timestamptz NOT NULL,
    acknowledged_by text,                    -- null = nobody yet
    acknowledged_at timestamptz,
    incident_id bigint REFERENCES incidents, -- declared from it, or attached; null = neither
    silenced_by text,                        -- null = never silenced
    silenced_until timestamptz,              -- null = not silenced
    page_at timestamptz,                     -- when it pages by itself; null = it will not
    due_at timestamptz,                      -- when it is looked at next; null = when somebody tells of it
    closed_at timestamptz                    -- null = something in it fires
);
-- Which card is this alert on? Two processes that ask at the same instant make one.
CREATE UNIQUE INDEX alert_groups_open ON alert_groups (source, key) WHERE closed_at IS NULL;
-- Was it silenced the last time?
CREATE INDEX alert_groups_silenced ON alert_groups (source, key, silenced_until) WHERE silenced_until IS NOT NULL;
-- What is due? Which alerts belong to this incident?
CREATE INDEX alert_groups_due ON alert_groups (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_groups_incident ON alert_groups (incident_id) WHERE incident_id IS NOT NULL;

-- One thing that fires, as its source named it; several may share a group and its card.
CREATE TABLE alerts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id bigint NOT NULL REFERENCES alert_groups,
    source text NOT NULL,
    fingerprint text NOT NULL,
    title text NOT NULL,
    severity text,                           -- the source's own word; null = it has none
    description text NOT NULL,
    url text,                                -- where the source shows it; null = nowhere
    runbook_url text,                        -- null = it brings none
    labels jsonb NOT NULL,
    level text NOT NULL,                     -- critical, high, medium, low
    flagged boolean NOT NULL,                -- the level is a guess
    declares text,                           -- the severity its rule declares; null = none
    procedure text,                          -- of its rule; null = none
    count int NOT NULL,                      -- how often it was told
    first_at timestamptz NOT NULL,
    risen_at timestamptz NOT NULL,           -- when it began, or became graver
    last_at timestamptz NOT NULL,
    expires_at timestamptz,                  -- when it is over without a word; null = its source says so
    resolved_at timestamptz                  -- null = it fires
);
-- Is this alert firing already? One row, whoever delivers it.
CREATE UNIQUE INDEX alerts_firing ON alerts (source, fingerprint) WHERE resolved_at IS NULL;
-- What is in this group? Has this alert an open incident from an earlier time?
CREATE INDEX alerts_of_group ON alerts (group_id, id);
CREATE INDEX alerts_of_fingerprint ON alerts (source, fingerprint, id);

-- Each delivery of alerts that their rule counts.
CREATE TABLE alert_sightings (
    rule text NOT NULL,                      -- what the rule matches, as it is written
    at timestamptz NOT NULL,
    times int NOT NULL                       -- how many alerts it were
);
-- How many were there within the last hour?
CREATE INDEX alert_sightings_of_rule ON alert_sightings (rule, at);

-- Jobs of the runbook that must give a sign of life.
CREATE TABLE heartbeats (
    name text PRIMARY KEY,
    patience interval NOT NULL,              -- how long it may be silent
    watched_since timestamptz NOT NULL,
    last_at timestamptz,                     -- null = never heard of
    due_at timestamptz                       -- when its silence becomes an alert; null = it is one
);
-- Who has been silent for too long?
CREATE INDEX heartbeats_due ON heartbeats (due_at) WHERE due_at IS NOT NULL;

CREATE TRIGGER alert_groups_bell AFTER INSERT OR UPDATE OF due_at ON alert_groups
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER heartbeats_bell AFTER INSERT OR UPDATE OF due_at ON heartbeats
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();
