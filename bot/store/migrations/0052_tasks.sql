-- Tasks in an incident, checklists, and work that comes round.

-- What somebody was asked for in an incident. `ask_at` is when the room is asked what has become of it.
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incidents,
    what text NOT NULL,
    owner text NOT NULL,                     -- a runbook key, else a Slack id
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    span interval,                           -- how long it may take; null = nobody said
    due_at timestamptz,                      -- when that is over; null = nobody said
    ask_at timestamptz,                      -- null = the room is not asked any more
    set_at timestamptz NOT NULL,             -- when `ask_at` was decided
    asked int NOT NULL DEFAULT 0,            -- how often the room was asked since then
    done_at timestamptz,                     -- null = open
    done_by text
);
-- Which tasks has this incident? What is due?
CREATE INDEX tasks_of_incident ON tasks (incident_id, id);
CREATE INDEX tasks_ask ON tasks (ask_at) WHERE ask_at IS NOT NULL;
CREATE TRIGGER tasks_bell AFTER INSERT OR UPDATE OF ask_at ON tasks
    FOR EACH ROW WHEN (NEW.ask_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();

-- A checklist of an incident, with the items that the runbook had when it was begun.
CREATE TABLE checklists (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incidents,
    name text NOT NULL,                      -- triage, verification, aftercare
    begun_at timestamptz NOT NULL,
    posted_at timestamptz,                   -- when its message was put on its way to the room; null = it has none
    closed_at timestamptz,                   -- when the incident was reopened after it; null = it counts
    waived_at timestamptz,                   -- when its open boxes were given up; null = they were not
    waived_by text,
    waived_why text
);
-- Of each name one counts.
CREATE UNIQUE INDEX checklists_live ON checklists (incident_id, name) WHERE closed_at IS NULL;

-- The boxes of a checklist. `ask_at` is when somebody is reminded of it.
CREATE TABLE checklist_items (
    checklist_id bigint NOT NULL REFERENCES checklists,
    place int NOT NULL,                      -- 1 is the first
    incident_id bigint NOT NULL,
    what text NOT NULL,
    due_at timestamptz,                      -- null = at no particular time
    ask_at timestamptz,                      -- null = nobody is reminded any more
    set_at timestamptz NOT NULL,             -- when that was decided
    asked int NOT NULL DEFAULT 0,            -- how often somebody was reminded
    done_at timestamptz,                     -- null = open
    done_by text,
    PRIMARY KEY (checklist_id, place)
);
-- What is due?
CREATE INDEX checklist_items_ask ON checklist_items (ask_at) WHERE ask_at IS NOT NULL;
CREATE TRIGGER checklist_items_bell AFTER INSERT OR UPDATE OF ask_at ON checklist_items
    FOR EACH ROW WHEN (NEW.ask_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();

-- Work of the runbook that comes round, and when each is due next.
CREATE TABLE recurring_tasks (
    key text PRIMARY KEY,                    -- its words and its period: what was changed is another task
    next_on date NOT NULL,                   -- by the runbook's calendar
    due_at timestamptz NOT NULL,             -- when that is looked at
    known_at timestamptz NOT NULL            -- nothing from before was promised
);
-- What is due?
CREATE INDEX recurring_tasks_due ON recurring_tasks (due_at);
CREATE TRIGGER recurring_tasks_bell AFTER INSERT OR UPDATE OF due_at ON recurring_tasks
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();

-- Each time that it was due, once.
CREATE TABLE occurrences (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task text NOT NULL,                      -- the key of the recurring task
    what text NOT NULL,
    every text NOT NULL,                     -- day, week, month, quarter
    due_on date NOT NULL,
    due_at timestamptz NOT NULL,
    since timestamptz NOT NULL,              -- when the time before it was due: what proves it is newer
    proved_by text,                          -- what the bot takes as its proof; null = a person says that it is done
    look_at timestamptz,                     -- when it is looked for that, or told to be overdue; null = never
    told_at timestamptz,                     -- when it was last told to be overdue; null = never
    posted_at timestamptz,                   -- when its message was put on its way; null = it has none
    done_at timestamptz,                     -- null = not done
    done_by text,
    evidence text NOT NULL DEFAULT '',       -- a note or a link; '' = none was given
    missed_at timestamptz,                   -- when the next one was due, and it was not done; null = it was not missed
    UNIQUE (task, due_on)
);
-- What is due, what is open, and what was due in a month?
CREATE INDEX occurrences_look ON occurrences (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX occurrences_due ON occurrences (due_at);
CREATE TRIGGER occurrences_bell AFTER INSERT OR UPDATE OF look_at ON occurrences
    FOR EACH ROW WHEN (NEW.look_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();

-- Who was asked to confirm how they are reached, and has. A contact that has changed since is another.
CREATE TABLE contact_confirmations (
    person text NOT NULL,                    -- a runbook key
    via text NOT NULL,
    contact text NOT NULL,                   -- the address or number at that time
    asked_at timestamptz NOT NULL,           -- when it was asked for last
    confirmed_at timestamptz,                -- null = never
    PRIMARY KEY (person, via, contact)
);
