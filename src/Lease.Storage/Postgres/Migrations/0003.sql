-- The cluster's time, Unix milliseconds: this server's clock, except where that was set back, or is another server's that is behind: then it goes on by the nodes' monotonic clocks until the clock has
-- caught up, for a time that runs backwards ends leases early and hides events. p_node: the time of the node that asks; 0: it has none yet. A difference of up to two seconds is followed.
CREATE FUNCTION cluster_time(p_node bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  clock bigint := lease_clock();
  known bigint := greatest(known_time(), p_node);
BEGIN
  RETURN CASE WHEN known > clock + 2000 THEN known ELSE clock END;
END $$;
