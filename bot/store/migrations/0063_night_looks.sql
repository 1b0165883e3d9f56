-- When it is looked whom the pages of the last nights have woken.
CREATE TABLE night_looks (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    due_at timestamptz NOT NULL              -- the end of the night that is looked back at
);
CREATE TRIGGER night_looks_bell AFTER INSERT OR UPDATE OF due_at ON night_looks
    FOR EACH ROW EXECUTE FUNCTION ring_the_bell();

-- Which pages were accepted in these nights?
CREATE INDEX pages_accepted ON pages (accepted_at) WHERE accepted_at IS NOT NULL;
