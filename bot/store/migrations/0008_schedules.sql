-- Who covers a schedule when, and who was on call when it was looked at last.

-- Somebody has a schedule for a while, whoever's turn it is.
CREATE TABLE covers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,   -- of two that overlap, the greater one counts
    schedule text NOT NULL,                  -- its key in the runbook
    person text NOT NULL,                    -- a runbook key, else a Slack id
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,            -- sooner than it was made for, when somebody has ended it
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    ended_by text                            -- null = it ends by itself
);
-- Which covers hold, or will?
CREATE INDEX covers_end ON covers (ends_at);

-- One row a schedule; a timer is the row's due_at.
CREATE TABLE handovers (
    schedule text PRIMARY KEY,               -- its key in the runbook
    person text NOT NULL,                    -- who had it at the last look; whoever has it now is told of the change
    due_at timestamptz NOT NULL              -- when it changes hands next, as far as it is known
);
-- What is due?
CREATE INDEX handovers_due ON handovers (due_at);

CREATE TRIGGER covers_bell AFTER INSERT OR UPDATE ON covers FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
CREATE TRIGGER handovers_bell AFTER INSERT OR UPDATE OF due_at ON handovers
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
