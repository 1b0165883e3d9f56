-- Who is looked for to cover a schedule; a timer is the row's due time.
CREATE TABLE cover_requests (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schedule text NOT NULL,                  -- its key in the runbook
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    asked_by text NOT NULL,                  -- a runbook key, else a Slack id
    asked_at timestamptz NOT NULL,
    taken_by text,                           -- null = nobody has taken it
    taken_at timestamptz,
    due_at timestamptz                       -- when nobody needs to take it any more; null = taken, or over
);
-- Which are over?
CREATE INDEX cover_requests_due ON cover_requests (due_at) WHERE due_at IS NOT NULL;
CREATE TRIGGER cover_requests_bell AFTER INSERT OR UPDATE OF due_at ON cover_requests
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL) EXECUTE FUNCTION ring_the_bell();
