-- What nobody reads is not kept: what was meant for proofs and for contacts, and what says nothing that is not in others.
DROP TABLE contact_confirmations;
ALTER TABLE occurrences DROP COLUMN since, DROP COLUMN proved_by, DROP COLUMN told_at;
ALTER TABLE actions DROP COLUMN asked;

-- A clock that was ahead has decided too late a day.
ALTER TABLE recurring_tasks RENAME COLUMN known_at TO set_at;   -- when `next_on` was decided
