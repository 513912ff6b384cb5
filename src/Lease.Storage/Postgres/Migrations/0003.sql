-- The cluster's time, Unix milliseconds: this server's clock, except where that was set back, or is another server's that is behind: then it goes on by the nodes' monotonic clocks until the clock has
-- caught up, for a time that runs backwards ends leases early and hides events. A difference of up to 200 ms is followed: a node's time is never ahead of the clock by more than its heartbeats take.

-- p_node: the time of the node that asks; 0: it has none yet.
CREATE FUNCTION cluster_time(p_node bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  clock bigint := lease_clock();
  known bigint := greatest((SELECT max(heartbeat_at) FROM node), p_node);
BEGIN
  RETURN CASE WHEN known > clock + 200 THEN known ELSE clock END;
END $$;

-- As in 0001.sql. lease.time: the time of the node whose batch it is, set in the batch's transaction.
CREATE OR REPLACE FUNCTION next_time() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  clock bigint := lease_clock();
  told bigint := nullif(current_setting('lease.time', true), '');
BEGIN
  RETURN greatest(clock, known_time() + 1, CASE WHEN told > clock + 200 THEN told END);
END $$;
