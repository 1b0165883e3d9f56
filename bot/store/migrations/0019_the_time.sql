-- The one clock that every process goes by.

-- What time it is. Nothing else of ours asks this server for it.
CREATE FUNCTION the_time() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT statement_timestamp()
$$;

-- May a process that believes it to be this time decide what is due? Its question may have been on its way for a while.
-- One that does not know yet that this server's clock was set would take steps too early, or the work of others.
CREATE FUNCTION agrees(believed timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT the_time() BETWEEN believed - interval '1 second' AND believed + interval '5 seconds'
$$;

-- How long a snooze was to be, whatever clock it was written by.
ALTER TABLE escalations ADD snoozed_at timestamptz;    -- when it was snoozed last; null = never, or before this was kept
