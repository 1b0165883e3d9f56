-- How grave an incident was when an audience was told of it. Unknown of what was told before.
ALTER TABLE stakeholder_updates ADD COLUMN severity text;
