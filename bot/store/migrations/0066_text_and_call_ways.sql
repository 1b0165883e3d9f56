-- Texts and calls have limits of their own: what Twilio takes no more of, it still takes of the other.
UPDATE outbox o SET way = p.via
FROM pages p
WHERE o.way = 'twilio' AND o.kind = 'page' AND o.state IN ('waiting', 'sending')
  AND p.id = (o.payload->>'page')::bigint;
