-- A reason holds for what it was given for, and for nothing that is found later.
ALTER TABLE stakeholder_updates
    ADD COLUMN overruled_for text[] NOT NULL DEFAULT '{}';             -- the marks of the findings that `overruled` is about
