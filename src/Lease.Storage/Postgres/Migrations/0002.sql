-- In PL/pgSQL: a function in SQL that cannot be inlined is parsed and planned anew in every batch.
CREATE OR REPLACE FUNCTION known_time() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN greatest((SELECT max(changed_at) FROM shard), (SELECT coalesce(max(heartbeat_at), 0) FROM node));
END $$;
