-- How often applications reported each of their errors, minute by minute. What the error is, its alerts say.
CREATE TABLE error_counts (
    minute timestamptz NOT NULL,
    fingerprint text NOT NULL,               -- of alerts of source `errors`
    count int NOT NULL,
    last_at timestamptz NOT NULL,
    -- Which errors came since then, and how often? Which countings are old?
    PRIMARY KEY (minute, fingerprint)
);
