-- Ways by which the other side takes no more for now: one delivery tries for all that wait.
CREATE TABLE limited_ways (
    way text PRIMARY KEY,                    -- as in the outbox
    refusals int NOT NULL,                   -- of the first, and of each that has tried for all since
    again_at timestamptz NOT NULL,           -- nobody tries before then
    ends_at timestamptz NOT NULL,            -- from then on it is as if nothing had been said
    said text NOT NULL                       -- by the other side
);

CREATE TRIGGER limited_ways_bell AFTER INSERT OR UPDATE OR DELETE ON limited_ways
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();
