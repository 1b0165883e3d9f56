-- Of two people who are wanted, one may be known by two names: to one process by a key, to another by an account.
ALTER TABLE procedure_ticks ADD COLUMN account text;
