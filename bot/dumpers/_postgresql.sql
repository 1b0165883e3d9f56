-- name: plain_session
-- First clear the search_path: in somebody else's database, anything may have the name of a built-in. Then remove the
-- account's and database's time-outs, as we have our own.
SELECT pg_catalog.set_config('search_path', '', false);
SELECT set_config(name, '0', false) FROM pg_settings
WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_session_timeout',
    'idle_in_transaction_session_timeout');
