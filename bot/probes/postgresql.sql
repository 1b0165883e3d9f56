-- name: look
-- Connections in use, this one among them, of how many there may be. The kind of other people's backends is hidden from
-- a plain user, and so is what they do; that they are in a database is not. How far this server is behind, when it is a
-- standby: nothing when it has replayed all it was sent, however long ago that was. How far its replicas are, when it
-- has any and this account may see it. Ages count from the server's own clock.
SELECT
    (SELECT count(*) FROM pg_stat_activity
     WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend') AS used,
    current_setting('max_connections')::int AS most,
    (SELECT max(clock_timestamp() - query_start) FROM pg_stat_activity
     WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()) AS longest_query,
    CASE
        WHEN NOT pg_is_in_recovery() THEN NULL
        WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN interval '0'
        ELSE clock_timestamp() - pg_last_xact_replay_timestamp()
    END AS behind,
    (SELECT count(*) FROM pg_stat_replication) AS replicas,
    (SELECT max(coalesce(replay_lag, interval '0')) FROM pg_stat_replication WHERE state IS NOT NULL) AS replicas_behind,
    pg_database_size(current_database()) AS size;
