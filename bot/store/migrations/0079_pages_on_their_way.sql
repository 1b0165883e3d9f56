-- Is this page being sent at this moment?
CREATE INDEX outbox_pages_on_their_way ON outbox (payload) WHERE kind = 'page' AND state = 'sending';
