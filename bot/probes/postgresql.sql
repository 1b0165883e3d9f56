-- name: look
-- Used (including this one) and maximum connections. A plain user can't see the type and activity of others' backends,
-- but does see that they are in a database. `behind`: the lag of a standby, 0 if it has replayed all it received,
-- however long ago. `replicas_behind`: the largest lag of its replicas, if this account may see it. Ages are by the
-- server's own clock.
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
