DROP INDEX outbox_pages_on_their_way;

-- Is this page being sent at this moment, or may it have been taken already?
CREATE INDEX outbox_pages_on_their_way ON outbox (payload) WHERE kind = 'page' AND state IN ('waiting', 'sending');
