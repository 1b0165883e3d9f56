-- How a runbook calls its people: whoever has another one can name them. The address is null where it gives none.
ALTER TABLE identities ADD COLUMN name text NOT NULL DEFAULT '', ALTER COLUMN email DROP NOT NULL;
