-- What audiences are told is a stakeholder update; that one is due again is a reminder.
ALTER TABLE tellings RENAME TO stakeholder_updates;
ALTER INDEX tellings_pkey RENAME TO stakeholder_updates_pkey;
ALTER INDEX tellings_of_incident RENAME TO stakeholder_updates_of_incident;
ALTER INDEX tellings_draft RENAME TO stakeholder_updates_draft;
ALTER TABLE telling_deliveries RENAME TO update_deliveries;
ALTER TABLE update_deliveries RENAME COLUMN telling_id TO update_id;
ALTER INDEX telling_deliveries_pkey RENAME TO update_deliveries_pkey;
ALTER TABLE telling_promises RENAME TO update_reminders;
ALTER INDEX telling_promises_pkey RENAME TO update_reminders_pkey;
ALTER INDEX telling_promises_due RENAME TO update_reminders_due;
ALTER TRIGGER telling_promises_bell ON update_reminders RENAME TO update_reminders_bell;

-- Their cards, and what has yet to leave, by the new names.
UPDATE cards SET key = 'update:' || substr(key, length('telling:') + 1) WHERE key LIKE 'telling:%';
UPDATE outbox
SET payload = payload || jsonb_build_object('card', 'update:' || substr(payload ->> 'card', length('telling:') + 1)),
    key = replace(key, 'card telling:', 'card update:'), lane = replace(lane, 'card telling:', 'card update:')
WHERE kind = 'card' AND payload ->> 'card' LIKE 'telling:%' AND state IN ('waiting', 'sending');
UPDATE outbox SET kind = 'update', payload = payload - 'telling' || jsonb_build_object('update', payload -> 'telling')
WHERE kind = 'telling' AND state IN ('waiting', 'sending');
