-- What is learned after an incident. A timer is the row's due time.
CREATE TABLE postmortems (
    incident_id bigint PRIMARY KEY REFERENCES incidents ON DELETE CASCADE,
    state text NOT NULL,                     -- owed, draft, in_review, done, waived
    owner text NOT NULL,
    reasons jsonb NOT NULL,                  -- why it is owed; empty: somebody has begun it
    since timestamptz NOT NULL,              -- from where its dates count
    schedule_due_at timestamptz NOT NULL,
    draft_due_at timestamptz NOT NULL,
    review_due_at timestamptz NOT NULL,
    set_at timestamptz NOT NULL,             -- when due_at was decided
    version int NOT NULL DEFAULT 0,          -- the newest of postmortem_versions; 0: nothing is written
    scheduled_at timestamptz,                -- when it is reviewed together; null: nobody has said
    link text,                               -- where it is kept; null: here
    sent_by text,                            -- who sent it for review; null: nobody yet
    sent_at timestamptz,
    ended_by text,                           -- who marked it as done, or waived it; null: it is open
    ended_at timestamptz,
    reason text NOT NULL DEFAULT '',         -- why it was waived
    withdrawn_at timestamptz,                -- since when its incident is open again; null: it is over
    due_at timestamptz,                      -- when somebody is reminded next; null: nobody is
    asked int NOT NULL DEFAULT 0             -- reminders since something was done
);
-- What has to be looked at, and when is the next?
CREATE INDEX postmortems_due ON postmortems (due_at) WHERE due_at IS NOT NULL;
-- What waits for somebody?
CREATE INDEX postmortems_open ON postmortems (owner) WHERE state IN ('owed', 'draft', 'in_review');
CREATE TRIGGER postmortems_bell AFTER INSERT OR UPDATE OF due_at ON postmortems
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();

-- Everything that anybody has written into one, version after version.
CREATE TABLE postmortem_versions (
    incident_id bigint NOT NULL REFERENCES postmortems ON DELETE CASCADE,
    number int NOT NULL,
    author text NOT NULL,
    at timestamptz NOT NULL,
    sections jsonb NOT NULL,                 -- what stands under each heading
    PRIMARY KEY (incident_id, number)
);

-- What has to be done so that it does not happen again.
CREATE TABLE actions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incidents ON DELETE CASCADE,
    what text NOT NULL,
    owner text NOT NULL,
    by_at timestamptz NOT NULL,              -- when it is to be done
    priority text NOT NULL DEFAULT 'normal', -- high, normal, low
    link text,                               -- a ticket; null: there is none
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    done_by text,                            -- null: it is open
    done_at timestamptz,
    set_at timestamptz NOT NULL,             -- when due_at was decided
    due_at timestamptz,                      -- when its owner is reminded next; null: never
    asked int NOT NULL DEFAULT 0             -- reminders so far
);
-- Which belong to this incident?
CREATE INDEX actions_of_incident ON actions (incident_id);
-- What has to be looked at, and when is the next?
CREATE INDEX actions_due ON actions (due_at) WHERE due_at IS NOT NULL;
-- What is still to be done, and by whom?
CREATE INDEX actions_open ON actions (owner) WHERE done_at IS NULL;
CREATE TRIGGER actions_bell AFTER INSERT OR UPDATE OF due_at ON actions
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();

-- When the open actions of closed incidents are listed next: one row.
CREATE TABLE action_lists (
    id int PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    set_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL
);
CREATE TRIGGER action_lists_bell AFTER INSERT OR UPDATE OF due_at ON action_lists
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
