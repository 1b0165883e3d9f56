-- Which database a restore replaces, what it was told to overlook, and who is who when two people decide.

ALTER TABLE backups ADD source jsonb; -- what was dumped: server, port, database, properties; null = was not recorded

ALTER TABLE backup_restores
    ADD prospect jsonb,                          -- what it is going to do; null = asked for before that was recorded
    ADD asked_account text,                      -- the Slack account of who asked; null = they have none here
    ADD overruled text,                          -- why invariants may be violated; null = they must hold
    ADD unheld jsonb NOT NULL DEFAULT '[]',      -- invariants that were violated, each with what it answered
    ADD lost jsonb NOT NULL DEFAULT '[]';        -- what could not be brought back, in words
ALTER TABLE backup_drills ADD lost jsonb NOT NULL DEFAULT '[]';

ALTER TABLE tellings ADD author_account text;    -- the Slack account of its author; null = they have none here
