-- What audiences are told of planned work is an update too: of an incident, or of a piece of maintenance.
ALTER TABLE stakeholder_updates ALTER COLUMN incident_id DROP NOT NULL;
ALTER TABLE stakeholder_updates ALTER COLUMN status DROP NOT NULL;
ALTER TABLE stakeholder_updates ADD COLUMN maintenance_id bigint REFERENCES maintenance;
ALTER TABLE stakeholder_updates ADD CHECK (num_nonnulls(incident_id, maintenance_id) = 1);
-- What was this audience told of this piece of maintenance?
CREATE INDEX stakeholder_updates_of_maintenance ON stakeholder_updates (maintenance_id, audience, id)
    WHERE maintenance_id IS NOT NULL;
