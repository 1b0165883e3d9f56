-- The post-mortem as its channel's canvas; and pages that are counted without their rows being read.

ALTER TABLE postmortems ADD COLUMN canvas text;  -- Slack's id of the channel's canvas it stands in; null = in none

ALTER TABLE pages DROP CONSTRAINT pages_incident_id_run_loop_step_round_person_via_key;
-- Is this page there already? And when was somebody first reached by each step of these incidents?
CREATE UNIQUE INDEX pages_of_step ON pages (incident_id, run, loop, step, round, person, via) INCLUDE (accepted_at);
