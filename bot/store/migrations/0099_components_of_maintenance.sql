-- What planned work concerns, as readers call it: names of the runbook's audiences; {} = nobody has said.
ALTER TABLE maintenance ADD COLUMN components text[] NOT NULL DEFAULT '{}';
