-- An attempt may have been accepted unheard: until a provider has said yes, nobody knows whether the update was sent.
ALTER TABLE update_deliveries ADD COLUMN unsure boolean NOT NULL DEFAULT false;
