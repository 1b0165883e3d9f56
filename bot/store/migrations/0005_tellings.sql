-- What audiences are told, what became of it at each address, and when they expect to hear more.

-- One text for one audience about one moment of an incident.
CREATE TABLE tellings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incidents,
    audience text NOT NULL,                  -- the runbook's key
    moment text NOT NULL,                    -- declared, update, resolved, reopened, all_clear
    status text NOT NULL,                    -- the incident's at that moment
    subject text NOT NULL DEFAULT '',
    text text NOT NULL DEFAULT '',
    author text NOT NULL,                    -- a runbook key, else a Slack id, or tocsin
    state text NOT NULL,                     -- composing, draft, waiting, released, rejected, replaced, failed
    created_at timestamptz NOT NULL,
    decided_by text,                         -- who approved or rejected it; null = nobody was asked, or has answered
    decided_at timestamptz,
    error text                               -- why it has no words; null = no trouble
);
-- What was this audience told of this incident? What waits for an approval?
CREATE INDEX tellings_of_incident ON tellings (incident_id, audience, id);
-- What somebody has typed for an audience and not sent: one text each.
CREATE UNIQUE INDEX tellings_draft ON tellings (incident_id, audience, author) WHERE state = 'draft';

-- A telling on its way to one address. Its state is what a provider said.
CREATE TABLE telling_deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    telling_id bigint NOT NULL REFERENCES tellings,
    via text NOT NULL,                       -- email, slack, statuspage
    address text NOT NULL,
    state text NOT NULL DEFAULT 'waiting',   -- waiting, accepted, refused, gave_up, cancelled
    settled_at timestamptz,                  -- null = not accepted, refused or given up yet
    reference text,                          -- the provider's; null until accepted
    error text,                              -- the last one; null = none
    UNIQUE (telling_id, via, address)
);

-- When an audience with a rhythm of its own expects to hear more: a timer is the row's due_at.
CREATE TABLE telling_promises (
    incident_id bigint NOT NULL REFERENCES incidents,
    audience text NOT NULL,
    told_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (incident_id, audience)
);
-- What is due?
CREATE INDEX telling_promises_due ON telling_promises (due_at);

CREATE TRIGGER telling_promises_bell AFTER INSERT OR UPDATE OF due_at ON telling_promises
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
