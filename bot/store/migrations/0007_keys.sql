-- Secrets of our own that every process shares and no person needs to know, and who is carrying what.

-- Keys that sign what we give away, such as links: made by whichever process needs one first.
CREATE TABLE keys (
    name text PRIMARY KEY,                   -- what it is for: links ...
    secret bytea NOT NULL,
    made_at timestamptz NOT NULL
);

-- Whose lease it is: host:pid of the process. Null = nobody's, or claimed by a version that did not say.
ALTER TABLE outbox ADD COLUMN holder text;
ALTER TABLE requests ADD COLUMN holder text;
