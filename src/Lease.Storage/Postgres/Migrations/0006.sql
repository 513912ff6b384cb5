-- Leases do not overlap, whatever their lengths: decision 0017. A claim fails as a conflict when a lease of another binding contains it or
-- lies in it; port sets and rows that only guard (ports <> 0) take no part. The function of 0005.sql is replaced, so that nodes of the
-- former version are held to it too; those of earlier versions had the others.

-- Addresses in which leases of these lengths only have been claimed; no zone overlaps another, and no lease of one of its lengths crosses
-- its border. A claim in a zone of its length alone needs no look at other leases. Batches hold the lock of the table's number shared, and
-- exclusively where they change a zone; the lock of its negative is held by those whose claims are not of the first kind.
CREATE TABLE lease_zone (
  first bytea PRIMARY KEY, last bytea NOT NULL, lengths bigint[] NOT NULL, found_at bigint NOT NULL,
  only_length bigint GENERATED ALWAYS AS (CASE WHEN cardinality(lengths) = 1 THEN lengths[1] END) STORED
);

-- Calls of the former function that have begun wait here, and are fenced: nodes claim their shards anew.
LOCK TABLE shard IN ACCESS EXCLUSIVE MODE;
UPDATE shard SET owner = NULL, epoch = epoch + 1;
DROP FUNCTION commit_batch(
  text, bigint[], bigint[], bigint[], bigint[], bytea[], bigint[], bigint[], bigint[], bigint[], bytea[], bigint[], bigint[], bigint[],
    bytea[], bigint[], bigint[], bigint[],
  bigint[], bytea[], bigint[], bigint[], text[], bytea[], bytea[], bigint[], bytea[], bigint[], bigint[], bytea[], bigint[], bigint[],
    bytea[], bytea[]);
DROP FUNCTION commit_batch(
  text, bigint, bigint[], bigint[], bigint[], bigint[], bytea[], bigint[], bigint[], bigint[], bigint[], bytea[], bigint[], bigint[],
    bigint[], bytea[], bigint[], bigint[], bigint[],
  bigint, bigint[], bytea[], bigint[], bigint[], text[], bytea[], bytea[], bigint[], bytea[], bigint[], bigint[], bytea[], bigint[],
    bigint[], bytea[], bytea[]);

CREATE FUNCTION prefix_of(p_address bytea, p_length bigint) RETURNS inet LANGUAGE sql IMMUTABLE AS $$
  SELECT network(set_masklen(regexp_replace(encode(p_address, 'hex'), '(.{4})(?!$)', '\1:', 'g')::inet, p_length::int))::inet $$;

CREATE FUNCTION octets_of(p_address inet) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT substring(inet_send(p_address) FROM 5) $$;

CREATE FUNCTION first_of(p_address bytea, p_length bigint) RETURNS bytea
  LANGUAGE sql IMMUTABLE AS $$ SELECT octets_of(prefix_of(p_address, p_length)) $$;

CREATE FUNCTION last_of(p_address bytea, p_length bigint) RETURNS bytea
  LANGUAGE sql IMMUTABLE AS $$ SELECT octets_of(broadcast(prefix_of(p_address, p_length))) $$;

-- Whether a zone knows of leases of this length at this address. Where it knows of several lengths that is believed for ten minutes: then
-- the leases of the other lengths may have ended.
CREATE FUNCTION is_zoned(p_address bytea, p_length bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT 1 FROM lease_zone z WHERE z.first <= p_address AND z.last >= p_address AND p_length = ANY (z.lengths)
      AND (z.only_length IS NOT NULL OR z.found_at > lease_clock() - 600000)) $$;

-- Makes the zone that a claim (from 1) of a batch lies in, out of what others there are, the leases as they are and the batch's claims. The
-- transaction holds both locks.
CREATE FUNCTION make_zone(p_claim bigint, p_address bytea[], p_length bigint[], p_ports bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  claimed bytea := p_address[p_claim];
  own bigint := p_length[p_claim];
  size bigint := CASE own WHEN 128 THEN 64 ELSE greatest(own - 16, 0) END;
  shortest bigint;
  zone_first bytea;
  zone_last bytea;
  before bytea;
  beyond bytea;
  known bigint[];
  neighbour bytea;
BEGIN
  -- The largest part of the surroundings that has nothing of another length in it, so that the claims that follow find their zone.
  LOOP
    zone_first := first_of(claimed, size);
    zone_last := last_of(claimed, size);
    EXIT WHEN size >= own OR NOT (
      EXISTS (SELECT 1 FROM lease_zone z WHERE z.first <= zone_last AND z.last >= zone_first AND z.lengths <> ARRAY[own])
      OR EXISTS (SELECT 1 FROM unnest(p_address, p_length, p_ports) AS c(address, length, ports)
        WHERE c.address BETWEEN zone_first AND zone_last AND c.length <> own AND c.ports = 0)
      OR EXISTS (SELECT 1 FROM lease l WHERE l.address BETWEEN zone_first AND zone_last AND l.length <> own AND l.ports = 0
        AND l.state <> 0));
    size := least(size + 4, own);
  END LOOP;

  -- As large as the largest lease that may lie across it.
  LOOP
    SELECT min(s.length) INTO shortest FROM (
      SELECT unnest(z.lengths) AS length FROM lease_zone z WHERE z.first <= zone_last AND z.last >= zone_first
      UNION ALL
      SELECT c.length FROM unnest(p_address, p_length, p_ports) AS c(address, length, ports) WHERE c.length < size
        AND c.address = first_of(claimed, c.length) AND c.ports = 0
      UNION ALL
      SELECT l.length FROM generate_series(0, size - 1) AS c(length) JOIN lease l ON l.address = first_of(claimed, c.length)
        AND l.length = c.length WHERE l.ports = 0 AND l.state <> 0) AS s;
    EXIT WHEN shortest IS NULL OR shortest >= size;
    size := shortest;
    zone_first := first_of(claimed, size);
    zone_last := last_of(claimed, size);
  END LOOP;

  SELECT array_agg(s.length ORDER BY s.length) INTO known FROM (
    SELECT c.length FROM unnest(p_address, p_length, p_ports) AS c(address, length, ports) WHERE c.address BETWEEN zone_first AND zone_last
      AND c.ports = 0
    UNION
    SELECT l.length FROM lease l WHERE l.address BETWEEN zone_first AND zone_last AND l.ports = 0 AND l.state <> 0) AS s;
  before := CASE WHEN zone_first > decode(repeat('00', 16), 'hex') THEN octets_of(prefix_of(claimed, size) - 1) END;
  beyond := CASE WHEN zone_last < decode(repeat('ff', 16), 'hex') THEN octets_of(broadcast(prefix_of(claimed, size)) + 1) END;

  -- Others end in front of it and begin behind it.
  INSERT INTO lease_zone (first, last, lengths, found_at)
    SELECT beyond, z.last, z.lengths, z.found_at FROM lease_zone z WHERE z.first <= zone_last AND z.last > zone_last;
  DELETE FROM lease_zone z WHERE z.first BETWEEN zone_first AND zone_last;
  UPDATE lease_zone z SET last = before WHERE z.first < zone_first AND z.last >= zone_first;

  -- One with its neighbours of the same lengths.
  DELETE FROM lease_zone z WHERE z.last = before AND z.lengths = known RETURNING z.first INTO neighbour;
  zone_first := coalesce(neighbour, zone_first);
  DELETE FROM lease_zone z WHERE z.first = beyond AND z.lengths = known RETURNING z.last INTO neighbour;
  zone_last := coalesce(neighbour, zone_last);
  INSERT INTO lease_zone (first, last, lengths, found_at) VALUES (zone_first, zone_last, known, lease_clock());
END $$;

-- The claims (from 1) of a batch that overlap a lease of another binding, or another's claim in front of them; NULL: none.
CREATE FUNCTION overlapping_claims(p_address bytea[], p_length bigint[], p_ports bigint[], p_binding bigint[]) RETURNS bigint[]
  LANGUAGE plpgsql AS $$
DECLARE
  is_exclusive boolean := false;
  claim record;
BEGIN
  PERFORM pg_advisory_xact_lock(-'lease_zone'::regclass::oid::bigint);
  FOR claim IN
    SELECT c.number FROM unnest(p_address, p_length, p_ports) WITH ORDINALITY AS c(address, length, ports, number) WHERE c.ports = 0
      AND NOT is_zoned(c.address, c.length)
  LOOP
    -- Waits for the batches that believe in the zones as they are.
    IF NOT is_exclusive THEN
      PERFORM pg_advisory_xact_lock('lease_zone'::regclass::oid::bigint);
      is_exclusive := true;
    END IF;
    IF NOT is_zoned(p_address[claim.number], p_length[claim.number]) THEN
      PERFORM make_zone(claim.number, p_address, p_length, p_ports);
    END IF;
  END LOOP;

  RETURN (
    WITH claims AS MATERIALIZED (
      SELECT c.address, last_of(c.address, c.length) AS last, c.length, c.binding, c.number, z.lengths
      FROM unnest(p_address, p_length, p_ports, p_binding) WITH ORDINALITY AS c(address, length, ports, binding, number)
      JOIN lease_zone z ON z.first <= c.address AND z.last >= c.address WHERE c.ports = 0 AND z.only_length IS NULL)
    SELECT array_agg(c.number ORDER BY c.number) FROM claims c
    WHERE EXISTS (
        SELECT 1 FROM unnest(c.lengths) AS s(length) JOIN lease l ON l.address = first_of(c.address, s.length) AND l.length = s.length
        WHERE s.length < c.length AND l.ports = 0 AND l.state <> 0 AND l.binding_id <> c.binding)
      OR EXISTS (
        SELECT 1 FROM lease l WHERE l.address BETWEEN c.address AND c.last AND l.length > c.length AND l.ports = 0 AND l.state <> 0
          AND l.binding_id <> c.binding)
      OR EXISTS (
        SELECT 1 FROM claims o WHERE o.number < c.number AND o.binding <> c.binding AND o.length <> c.length AND o.address <= c.last
          AND o.last >= c.address));
END $$;

-- One batch, as in 0005.sql. A claim that overlaps is told as one that another binding holds; among the leases that are believed to be new
-- as unique_violation, so that the node calls again without belief.
CREATE OR REPLACE FUNCTION commit_batch(
  p_node text, p_time bigint, p_shard bigint[], p_epoch bigint[], p_last bigint[], p_next bigint[],
  p_new_claims bigint, p_claim_address bytea[], p_claim_length bigint[], p_claim_ports bigint[], p_claim_binding bigint[],
    p_claim_state bigint[],
  p_free_address bytea[], p_free_length bigint[], p_free_ports bigint[], p_free_binding bigint[],
  p_gone_address bytea[], p_gone_length bigint[], p_gone_ports bigint[], p_gone_binding bigint[],
  p_new bigint, p_row_id bigint[], p_row_key bytea[], p_row_shard bigint[], p_row_sequence bigint[], p_row_link text[],
    p_row_remote_id bytea[], p_row_device_id bytea[],
  p_row_expires_at bigint[], p_row_payload bytea[], p_gone_row bigint[],
  p_relay_row bigint[], p_relay_id bytea[],
  p_event_shard bigint[], p_event_sequence bigint[], p_event_key bytea[], p_event_payload bytea[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  clock bigint;
  t bigint;
  n bigint;
  which text;
  p_old bigint := p_new + 1;
  p_old_claims bigint := p_new_claims + 1;
  overlapping bigint[];
  low record;
  high record;
BEGIN
  BEGIN
    PERFORM pg_advisory_xact_lock_shared('lease_zone'::regclass::oid::bigint);
    -- Most claims lie in the zones of the first or of the last one: the arrays are in the order of addresses.
    SELECT z.first, z.last, z.only_length INTO low FROM lease_zone z WHERE z.first <= p_claim_address[1] ORDER BY z.first DESC LIMIT 1;
    SELECT z.first, z.last, z.only_length INTO high FROM lease_zone z WHERE z.first <= p_claim_address[cardinality(p_claim_address)]
      ORDER BY z.first DESC LIMIT 1;
    IF EXISTS (
      SELECT 1 FROM (SELECT unnest(p_claim_address) AS address, unnest(p_claim_length) AS length, unnest(p_claim_ports) AS ports) AS c
      WHERE (c.address BETWEEN low.first AND low.last AND c.length = low.only_length) IS NOT TRUE
        AND (c.address BETWEEN high.first AND high.last AND c.length = high.only_length) IS NOT TRUE
        AND c.ports = 0 AND c.length IS DISTINCT FROM (SELECT CASE WHEN z.last >= c.address THEN z.only_length END FROM lease_zone z
          WHERE z.first <= c.address ORDER BY z.first DESC LIMIT 1))
    THEN
      RAISE EXCEPTION USING ERRCODE = 'LS003';
    END IF;
  EXCEPTION WHEN SQLSTATE 'LS003' THEN
    -- The shared lock has gone with the block.
    overlapping := overlapping_claims(p_claim_address, p_claim_length, p_claim_ports, p_claim_binding);
    IF overlapping[1] <= p_new_claims THEN
      RAISE EXCEPTION 'lease conflict' USING ERRCODE = 'unique_violation';
    ELSIF overlapping IS NOT NULL THEN
      RAISE EXCEPTION 'lease conflict' USING ERRCODE = 'LS002',
        DETAIL = array_to_string(ARRAY(SELECT o.number - p_new_claims FROM unnest(overlapping) AS o(number)), ',');
    END IF;
  END;

  PERFORM pg_current_xact_id();
  clock := lease_clock();
  t := greatest(clock, known_time() + 1, CASE WHEN p_time > clock + 200 THEN p_time END);
  UPDATE shard s SET last_sequence = b.next, changed_at = t FROM unnest(p_shard, p_epoch, p_last, p_next) AS b(id, epoch, last, next)
    WHERE s.shard_id = b.id AND s.owner = p_node AND s.epoch = b.epoch AND s.last_sequence = b.last;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n < cardinality(p_shard) THEN
    -- This transaction's own updates are seen here, and are not what is looked for.
    SELECT string_agg(b.id::text, ',') INTO which FROM unnest(p_shard, p_epoch, p_next) AS b(id, epoch, next)
      WHERE NOT EXISTS (SELECT 1 FROM shard s WHERE s.shard_id = b.id AND s.owner = p_node AND s.epoch = b.epoch
        AND s.last_sequence = b.next AND s.changed_at = t);
    RAISE EXCEPTION 'fenced' USING ERRCODE = 'LS001', DETAIL = coalesce(which, '');
  END IF;

  IF p_new_claims > 0 THEN
    INSERT INTO lease (address, length, ports, binding_id, state, changed_at)
      SELECT unnest(p_claim_address[:p_new_claims]), unnest(p_claim_length[:p_new_claims]), unnest(p_claim_ports[:p_new_claims]),
        unnest(p_claim_binding[:p_new_claims]),
        unnest(p_claim_state[:p_new_claims]), t;
  END IF;

  IF cardinality(p_claim_binding) > p_new_claims THEN
    INSERT INTO lease AS l (address, length, ports, binding_id, state, changed_at)
      SELECT unnest(p_claim_address[p_old_claims:]), unnest(p_claim_length[p_old_claims:]), unnest(p_claim_ports[p_old_claims:]),
        unnest(p_claim_binding[p_old_claims:]),
        unnest(p_claim_state[p_old_claims:]), t
      ON CONFLICT (address, length, ports) DO UPDATE SET binding_id = excluded.binding_id, state = excluded.state,
        changed_at = excluded.changed_at
      WHERE l.state = 0 OR l.binding_id = excluded.binding_id;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n < cardinality(p_claim_binding) - p_new_claims THEN
      SELECT string_agg(c.number::text, ',') INTO which
        FROM unnest(p_claim_address[p_old_claims:], p_claim_length[p_old_claims:], p_claim_ports[p_old_claims:],
          p_claim_binding[p_old_claims:]) WITH ORDINALITY AS c(address, length, ports, binding, number)
        JOIN lease l ON l.address = c.address AND l.length = c.length AND l.ports = c.ports WHERE l.state <> 0
          AND l.binding_id <> c.binding;
      RAISE EXCEPTION 'lease conflict' USING ERRCODE = 'LS002', DETAIL = coalesce(which, '');
    END IF;
  END IF;

  IF cardinality(p_free_binding) > 0 THEN
    UPDATE lease l SET state = 0, changed_at = t
      FROM unnest(p_free_address, p_free_length, p_free_ports, p_free_binding) AS f(address, length, ports, binding)
      WHERE l.address = f.address AND l.length = f.length AND l.ports = f.ports AND l.binding_id = f.binding;
  END IF;

  IF p_new > 0 THEN
    INSERT INTO binding (id, binding_key, shard_id, sequence, changed_at, link, remote_id, device_id, expires_at, payload)
      SELECT unnest(p_row_id[:p_new]), unnest(p_row_key[:p_new]), unnest(p_row_shard[:p_new]), unnest(p_row_sequence[:p_new]), t,
        unnest(p_row_link[:p_new]), unnest(p_row_remote_id[:p_new]),
        unnest(p_row_device_id[:p_new]), unnest(p_row_expires_at[:p_new]), unnest(p_row_payload[:p_new]);
  END IF;

  IF cardinality(p_row_id) > p_new THEN
    UPDATE binding b SET sequence = r.sequence, changed_at = t, remote_id = r.remote_id, device_id = r.device_id, expires_at = r.expires_at,
      payload = r.payload
      FROM (SELECT unnest(p_row_id[p_old:]) AS id, unnest(p_row_sequence[p_old:]) AS sequence, unnest(p_row_remote_id[p_old:]) AS remote_id,
        unnest(p_row_device_id[p_old:]) AS device_id,
        unnest(p_row_expires_at[p_old:]) AS expires_at, unnest(p_row_payload[p_old:]) AS payload) AS r WHERE b.id = r.id;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n < cardinality(p_row_id) - p_new THEN
      RAISE EXCEPTION 'the row of a binding has gone' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    DELETE FROM binding_relay r WHERE r.binding_id = ANY (p_row_id[p_old:])
      AND NOT EXISTS (SELECT 1 FROM unnest(p_relay_row, p_relay_id) AS k(row, id) WHERE k.row = r.binding_id AND k.id = r.relay_id);
  END IF;

  IF cardinality(p_relay_row) > 0 THEN
    INSERT INTO binding_relay (relay_id, binding_id) SELECT k.id, k.row FROM unnest(p_relay_row, p_relay_id) AS k(row, id)
      ON CONFLICT DO NOTHING;
  END IF;

  IF cardinality(p_gone_row) > 0 THEN
    DELETE FROM lease l USING unnest(p_gone_address, p_gone_length, p_gone_ports, p_gone_binding) AS g(address, length, ports, binding)
      WHERE l.address = g.address AND l.length = g.length AND l.ports = g.ports AND l.binding_id = g.binding;
    DELETE FROM binding_relay WHERE binding_id = ANY (p_gone_row);
    DELETE FROM binding WHERE id = ANY (p_gone_row);
  END IF;

  INSERT INTO event (at, shard_id, sequence, binding_key, payload)
    SELECT t, unnest(p_event_shard), unnest(p_event_sequence), unnest(p_event_key), unnest(p_event_payload);
  RETURN t;
END $$;
