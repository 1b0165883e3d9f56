-- Pages of which it is not known whether the provider has taken them.

ALTER TABLE pages ADD COLUMN doubted_at timestamptz;   -- when it was first looked for; null = it is in no doubt
ALTER TABLE pages ADD COLUMN repeated_at timestamptz;  -- when it was sent as a possible repeat; null = it never was
