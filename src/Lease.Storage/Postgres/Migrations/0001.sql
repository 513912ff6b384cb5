-- The tables of a cluster. See docs/storage.md. Never change a migration that was released: add one.
-- Times are milliseconds since 1970 by this server's clock; addresses 16 octets, network order.

CREATE TABLE node (
  node_id text PRIMARY KEY, address text NOT NULL, incarnation bigint NOT NULL, heartbeat_at bigint NOT NULL, state bigint NOT NULL, fingerprint text NOT NULL
) WITH (fillfactor = 20);

CREATE TABLE shard (
  shard_id bigint PRIMARY KEY, owner text, epoch bigint NOT NULL, last_sequence bigint NOT NULL, changed_at bigint NOT NULL
) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 500);

CREATE TABLE event (
  at bigint NOT NULL, shard_id bigint NOT NULL, sequence bigint NOT NULL, binding_key bytea NOT NULL, payload bytea NOT NULL,
  PRIMARY KEY (at, shard_id, sequence)
);

-- A node takes numbers by the thousand.
CREATE SEQUENCE binding_id INCREMENT BY 1024;

CREATE TABLE binding (
  id bigint PRIMARY KEY, binding_key bytea NOT NULL UNIQUE, shard_id bigint NOT NULL, sequence bigint NOT NULL, changed_at bigint NOT NULL,
  link text NOT NULL, remote_id bytea, device_id bytea, expires_at bigint NOT NULL, payload bytea NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX binding_by_expiry ON binding (expires_at, shard_id);
CREATE INDEX binding_by_remote_id ON binding (remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX binding_by_device_id ON binding (device_id) WHERE device_id IS NOT NULL;
CREATE INDEX binding_by_link ON binding (link, id);

CREATE TABLE binding_relay (relay_id bytea NOT NULL, binding_id bigint NOT NULL, PRIMARY KEY (relay_id, binding_id));
CREATE INDEX binding_relay_by_binding ON binding_relay (binding_id);

CREATE TABLE lease (
  address bytea NOT NULL, length bigint NOT NULL, ports bigint NOT NULL, binding_id bigint NOT NULL, state bigint NOT NULL, changed_at bigint NOT NULL,
  PRIMARY KEY (address, length, ports)
) WITH (fillfactor = 80);

CREATE TABLE slice (pool text NOT NULL, slice bigint NOT NULL, shard_id bigint NOT NULL, PRIMARY KEY (pool, slice));
CREATE INDEX slice_by_shard ON slice (shard_id, pool);

CREATE FUNCTION lease_clock() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

-- The latest time that any node has been told, so that times do not run backwards with the clock or with another server's: see next_time.
CREATE FUNCTION known_time() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT greatest((SELECT max(changed_at) FROM shard), (SELECT coalesce(max(heartbeat_at), 0) FROM node)) $$;

-- The time of a batch: later than every time that was known when it began. Its transaction has its number (by the lock on the shards) before this clock is read.
CREATE FUNCTION next_time() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT greatest(lease_clock(), known_time() + 1) $$;

-- One batch: all of it or nothing. LS001: the shards in DETAIL are not this node's any more, or not as it believes. LS002: others hold the claims (from 1) in DETAIL.
CREATE FUNCTION commit_batch(
  p_node text, p_shard bigint[], p_epoch bigint[], p_last bigint[], p_next bigint[],
  p_claim_address bytea[], p_claim_length bigint[], p_claim_ports bigint[], p_claim_binding bigint[], p_claim_state bigint[],
  p_free_address bytea[], p_free_length bigint[], p_free_ports bigint[], p_free_binding bigint[],
  p_gone_address bytea[], p_gone_length bigint[], p_gone_ports bigint[], p_gone_binding bigint[],
  p_row_id bigint[], p_row_key bytea[], p_row_shard bigint[], p_row_sequence bigint[], p_row_link text[], p_row_remote_id bytea[], p_row_device_id bytea[],
  p_row_expires_at bigint[], p_row_payload bytea[], p_gone_row bigint[],
  p_relay_row bigint[], p_relay_id bytea[],
  p_event_shard bigint[], p_event_sequence bigint[], p_event_key bytea[], p_event_payload bytea[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  t bigint;
  n bigint;
  which text;
BEGIN
  PERFORM 1 FROM shard s JOIN unnest(p_shard, p_epoch, p_last) AS b(id, epoch, last) ON s.shard_id = b.id
    WHERE s.owner = p_node AND s.epoch = b.epoch AND s.last_sequence = b.last ORDER BY s.shard_id FOR UPDATE OF s;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n < cardinality(p_shard) THEN
    SELECT string_agg(b.id::text, ',') INTO which FROM unnest(p_shard, p_epoch, p_last) AS b(id, epoch, last)
      WHERE NOT EXISTS (SELECT 1 FROM shard s WHERE s.shard_id = b.id AND s.owner = p_node AND s.epoch = b.epoch AND s.last_sequence = b.last);
    RAISE EXCEPTION 'fenced' USING ERRCODE = 'LS001', DETAIL = coalesce(which, '');
  END IF;

  t := next_time();
  UPDATE shard s SET last_sequence = b.next, changed_at = t FROM unnest(p_shard, p_next) AS b(id, next) WHERE s.shard_id = b.id;

  IF cardinality(p_claim_binding) > 0 THEN
    INSERT INTO lease AS l (address, length, ports, binding_id, state, changed_at)
      SELECT c.address, c.length, c.ports, c.binding, c.state, t
      FROM unnest(p_claim_address, p_claim_length, p_claim_ports, p_claim_binding, p_claim_state) AS c(address, length, ports, binding, state)
      ON CONFLICT (address, length, ports) DO UPDATE SET binding_id = excluded.binding_id, state = excluded.state, changed_at = excluded.changed_at
      WHERE l.state = 0 OR l.binding_id = excluded.binding_id;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n < cardinality(p_claim_binding) THEN
      SELECT string_agg(c.number::text, ',') INTO which
        FROM unnest(p_claim_address, p_claim_length, p_claim_ports, p_claim_binding) WITH ORDINALITY AS c(address, length, ports, binding, number)
        JOIN lease l ON l.address = c.address AND l.length = c.length AND l.ports = c.ports WHERE l.state <> 0 AND l.binding_id <> c.binding;
      RAISE EXCEPTION 'lease conflict' USING ERRCODE = 'LS002', DETAIL = coalesce(which, '');
    END IF;
  END IF;

  IF cardinality(p_free_binding) > 0 THEN
    UPDATE lease l SET state = 0, changed_at = t FROM unnest(p_free_address, p_free_length, p_free_ports, p_free_binding) AS f(address, length, ports, binding)
      WHERE l.address = f.address AND l.length = f.length AND l.ports = f.ports AND l.binding_id = f.binding;
  END IF;

  IF cardinality(p_row_id) > 0 THEN
    INSERT INTO binding AS b (id, binding_key, shard_id, sequence, changed_at, link, remote_id, device_id, expires_at, payload)
      SELECT r.id, r.key, r.shard, r.sequence, t, r.link, r.remote_id, r.device_id, r.expires_at, r.payload
      FROM unnest(p_row_id, p_row_key, p_row_shard, p_row_sequence, p_row_link, p_row_remote_id, p_row_device_id, p_row_expires_at, p_row_payload)
        AS r(id, key, shard, sequence, link, remote_id, device_id, expires_at, payload)
      ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, changed_at = excluded.changed_at, remote_id = excluded.remote_id, device_id = excluded.device_id,
        expires_at = excluded.expires_at, payload = excluded.payload;
    DELETE FROM binding_relay r WHERE r.binding_id = ANY (p_row_id)
      AND NOT EXISTS (SELECT 1 FROM unnest(p_relay_row, p_relay_id) AS k(row, id) WHERE k.row = r.binding_id AND k.id = r.relay_id);
  END IF;

  IF cardinality(p_relay_row) > 0 THEN
    INSERT INTO binding_relay (relay_id, binding_id) SELECT k.id, k.row FROM unnest(p_relay_row, p_relay_id) AS k(row, id) ON CONFLICT DO NOTHING;
  END IF;

  IF cardinality(p_gone_row) > 0 THEN
    DELETE FROM lease l USING unnest(p_gone_address, p_gone_length, p_gone_ports, p_gone_binding) AS g(address, length, ports, binding)
      WHERE l.address = g.address AND l.length = g.length AND l.ports = g.ports AND l.binding_id = g.binding;
    DELETE FROM binding_relay WHERE binding_id = ANY (p_gone_row);
    DELETE FROM binding WHERE id = ANY (p_gone_row);
  END IF;

  INSERT INTO event (at, shard_id, sequence, binding_key, payload)
    SELECT t, e.shard, e.sequence, e.key, e.payload FROM unnest(p_event_shard, p_event_sequence, p_event_key, p_event_payload) AS e(shard, sequence, key, payload);
  RETURN t;
END $$;
