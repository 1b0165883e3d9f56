-- name: plain_session
-- First of all that names mean PostgreSQL's own things, for in a database of somebody else's anything may be called as
-- those are. Then that no limit of an account's or a database's ends what has limits of ours.
SELECT pg_catalog.set_config('search_path', '', false);
SELECT set_config(name, '0', false) FROM pg_settings
WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_session_timeout',
    'idle_in_transaction_session_timeout');
