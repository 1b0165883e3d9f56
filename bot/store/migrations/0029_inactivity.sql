-- A silence is what mutes alerts; an incident of which nothing more is heard is inactive.
ALTER TABLE silences RENAME TO inactivity;
ALTER TABLE inactivity RENAME CONSTRAINT silences_pkey TO inactivity_pkey;
ALTER TABLE inactivity RENAME CONSTRAINT silences_incident_id_fkey TO inactivity_incident_id_fkey;
ALTER INDEX silences_due RENAME TO inactivity_due;
ALTER TRIGGER silences_bell ON inactivity RENAME TO inactivity_bell;
