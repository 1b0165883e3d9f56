-- Which end is watched stays, also where a clock that was set moves the times.
ALTER TABLE watches ADD COLUMN ended_at timestamptz;   -- when the incident ended, by which its message is found
UPDATE watches SET ended_at = set_at;
ALTER TABLE watches ALTER COLUMN ended_at SET NOT NULL;
