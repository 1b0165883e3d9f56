-- name: subscriptions
SELECT subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database());

-- name: disable
ALTER SUBSCRIPTION {name} DISABLE;

-- name: loosen
ALTER SUBSCRIPTION {name} SET (slot_name = NONE);

-- name: remove
DROP SUBSCRIPTION {name};
