-- One provider that hangs takes no places of the others.

-- By whom it leaves: slack, mail, twilio, pagerduty, 'webhook <host>'; house: nothing leaves.
ALTER TABLE outbox ADD COLUMN way text NOT NULL DEFAULT 'slack';
UPDATE outbox o SET way = CASE p.via
    WHEN 'email' THEN 'mail' WHEN 'sms' THEN 'twilio' WHEN 'voice' THEN 'twilio'
    WHEN 'webhook' THEN 'webhook ' || p.contact ELSE p.via END
FROM pages p
WHERE o.kind = 'page' AND o.state IN ('waiting', 'sending') AND p.id = (o.payload->>'page')::bigint;

-- What is due by each way, most urgent first, and what has been tried before after what has not?
CREATE INDEX outbox_way ON outbox (way, priority, (attempts > 0), id) INCLUDE (due_at)
    WHERE state IN ('waiting', 'sending');
DROP INDEX outbox_due;
