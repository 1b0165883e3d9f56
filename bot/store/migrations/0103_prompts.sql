-- What an incident's room was asked with buttons, which go once it is answered.
CREATE TABLE prompts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incidents (id),
    about text NOT NULL,                    -- what would answer it, such as `task 7`
    asking jsonb NOT NULL,                  -- the message with its buttons
    answered jsonb NOT NULL,                -- the same words without
    is_open boolean NOT NULL DEFAULT true
);
-- Which messages of this incident still ask for something?
CREATE INDEX prompts_open ON prompts (incident_id, about) WHERE is_open;
