-- Health checks: how each stands, every look at it, and the alarms it has raised.

-- One row a check; a timer is the row's due_at.
CREATE TABLE checks (
    name text PRIMARY KEY,                   -- its key in the runbook
    due_at timestamptz NOT NULL,             -- when it is looked at next; while somebody looks: when their lease ends
    fence bigint NOT NULL DEFAULT 0,         -- counts claims: what an older claim found is not recorded
    believed text NOT NULL DEFAULT 'healthy',-- healthy, degraded, down: what enough looks in a row have shown
    recent text[] NOT NULL DEFAULT '{}',     -- the latest looks of the watch, oldest first
    state text,                              -- the latest look, by whomever; null = nobody has looked yet, as below
    since timestamptz,                       -- when that state began
    looked_at timestamptz,
    value text,
    reason text,                             -- '' = healthy
    latency interval
);
-- What is due?
CREATE INDEX checks_due ON checks (due_at);

-- Every look, until it is old.
CREATE TABLE check_looks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    check_name text NOT NULL REFERENCES checks ON DELETE CASCADE,
    at timestamptz NOT NULL,
    state text NOT NULL,
    value text NOT NULL,
    reason text NOT NULL,
    latency interval NOT NULL
);
-- How has this check been? What is old enough to be forgotten?
CREATE INDEX check_looks_of_check ON check_looks (check_name, at, id);
CREATE INDEX check_looks_age ON check_looks (at);

-- An alarm lasts from the moment a check is believed ill until it is believed healthy again. It has one card.
CREATE TABLE check_alarms (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    check_name text NOT NULL REFERENCES checks ON DELETE CASCADE,
    state text NOT NULL,                     -- degraded, down: as it is believed now, or was when it ended
    since timestamptz NOT NULL,              -- when the looks began that opened it
    value text NOT NULL,
    reason text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,                   -- null = it is still ill
    acknowledged_by text,                    -- null = nobody yet
    incident_id bigint REFERENCES incidents  -- declared for it or attached to it; null = none
);
-- Is there an alarm already? Two processes cannot raise two.
CREATE UNIQUE INDEX check_alarms_open ON check_alarms (check_name) WHERE closed_at IS NULL;

CREATE TRIGGER checks_new AFTER INSERT ON checks FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER checks_sooner AFTER UPDATE OF due_at ON checks
    FOR EACH ROW WHEN (NEW.due_at < OLD.due_at) EXECUTE FUNCTION ring_the_bell();
