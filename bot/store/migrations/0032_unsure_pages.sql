-- An attempt may have been accepted unheard: until a provider has said yes, nobody knows whether the page was sent.
ALTER TABLE pages ADD COLUMN unsure boolean NOT NULL DEFAULT false;
