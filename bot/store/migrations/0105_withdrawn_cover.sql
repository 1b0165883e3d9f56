-- Who asked for cover and needs none any more; null = it was not withdrawn.
ALTER TABLE cover_requests ADD COLUMN withdrawn_by text;
