-- One batch, as in 0004.sql. The first p_new_claims of the claims are of leases that have no row, as far as the node knows: they are inserted without looking for one. If there is one after all, the
-- whole fails with unique_violation, and the node calls again without such claims. Arrays are unnested in a SELECT list, which makes no copy of their elements as unnest in FROM does.
-- The function of 0004.sql stays, for nodes of the former version that are still up.
CREATE FUNCTION commit_batch(
  p_node text, p_time bigint, p_shard bigint[], p_epoch bigint[], p_last bigint[], p_next bigint[],
  p_new_claims bigint, p_claim_address bytea[], p_claim_length bigint[], p_claim_ports bigint[], p_claim_binding bigint[], p_claim_state bigint[],
  p_free_address bytea[], p_free_length bigint[], p_free_ports bigint[], p_free_binding bigint[],
  p_gone_address bytea[], p_gone_length bigint[], p_gone_ports bigint[], p_gone_binding bigint[],
  p_new bigint, p_row_id bigint[], p_row_key bytea[], p_row_shard bigint[], p_row_sequence bigint[], p_row_link text[], p_row_remote_id bytea[], p_row_device_id bytea[],
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
BEGIN
  PERFORM pg_current_xact_id();
  clock := lease_clock();
  t := greatest(clock, known_time() + 1, CASE WHEN p_time > clock + 200 THEN p_time END);
  UPDATE shard s SET last_sequence = b.next, changed_at = t FROM unnest(p_shard, p_epoch, p_last, p_next) AS b(id, epoch, last, next)
    WHERE s.shard_id = b.id AND s.owner = p_node AND s.epoch = b.epoch AND s.last_sequence = b.last;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n < cardinality(p_shard) THEN
    -- This transaction's own updates are seen here, and are not what is looked for.
    SELECT string_agg(b.id::text, ',') INTO which FROM unnest(p_shard, p_epoch, p_next) AS b(id, epoch, next)
      WHERE NOT EXISTS (SELECT 1 FROM shard s WHERE s.shard_id = b.id AND s.owner = p_node AND s.epoch = b.epoch AND s.last_sequence = b.next AND s.changed_at = t);
    RAISE EXCEPTION 'fenced' USING ERRCODE = 'LS001', DETAIL = coalesce(which, '');
  END IF;

  IF p_new_claims > 0 THEN
    INSERT INTO lease (address, length, ports, binding_id, state, changed_at)
      SELECT unnest(p_claim_address[:p_new_claims]), unnest(p_claim_length[:p_new_claims]), unnest(p_claim_ports[:p_new_claims]), unnest(p_claim_binding[:p_new_claims]),
        unnest(p_claim_state[:p_new_claims]), t;
  END IF;

  IF cardinality(p_claim_binding) > p_new_claims THEN
    INSERT INTO lease AS l (address, length, ports, binding_id, state, changed_at)
      SELECT unnest(p_claim_address[p_old_claims:]), unnest(p_claim_length[p_old_claims:]), unnest(p_claim_ports[p_old_claims:]), unnest(p_claim_binding[p_old_claims:]),
        unnest(p_claim_state[p_old_claims:]), t
      ON CONFLICT (address, length, ports) DO UPDATE SET binding_id = excluded.binding_id, state = excluded.state, changed_at = excluded.changed_at
      WHERE l.state = 0 OR l.binding_id = excluded.binding_id;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n < cardinality(p_claim_binding) - p_new_claims THEN
      SELECT string_agg(c.number::text, ',') INTO which
        FROM unnest(p_claim_address[p_old_claims:], p_claim_length[p_old_claims:], p_claim_ports[p_old_claims:], p_claim_binding[p_old_claims:]) WITH ORDINALITY AS c(address, length, ports, binding, number)
        JOIN lease l ON l.address = c.address AND l.length = c.length AND l.ports = c.ports WHERE l.state <> 0 AND l.binding_id <> c.binding;
      RAISE EXCEPTION 'lease conflict' USING ERRCODE = 'LS002', DETAIL = coalesce(which, '');
    END IF;
  END IF;

  IF cardinality(p_free_binding) > 0 THEN
    UPDATE lease l SET state = 0, changed_at = t FROM unnest(p_free_address, p_free_length, p_free_ports, p_free_binding) AS f(address, length, ports, binding)
      WHERE l.address = f.address AND l.length = f.length AND l.ports = f.ports AND l.binding_id = f.binding;
  END IF;

  IF p_new > 0 THEN
    INSERT INTO binding (id, binding_key, shard_id, sequence, changed_at, link, remote_id, device_id, expires_at, payload)
      SELECT unnest(p_row_id[:p_new]), unnest(p_row_key[:p_new]), unnest(p_row_shard[:p_new]), unnest(p_row_sequence[:p_new]), t, unnest(p_row_link[:p_new]), unnest(p_row_remote_id[:p_new]),
        unnest(p_row_device_id[:p_new]), unnest(p_row_expires_at[:p_new]), unnest(p_row_payload[:p_new]);
  END IF;

  IF cardinality(p_row_id) > p_new THEN
    UPDATE binding b SET sequence = r.sequence, changed_at = t, remote_id = r.remote_id, device_id = r.device_id, expires_at = r.expires_at, payload = r.payload
      FROM (SELECT unnest(p_row_id[p_old:]) AS id, unnest(p_row_sequence[p_old:]) AS sequence, unnest(p_row_remote_id[p_old:]) AS remote_id, unnest(p_row_device_id[p_old:]) AS device_id,
        unnest(p_row_expires_at[p_old:]) AS expires_at, unnest(p_row_payload[p_old:]) AS payload) AS r WHERE b.id = r.id;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n < cardinality(p_row_id) - p_new THEN
      RAISE EXCEPTION 'the row of a binding has gone' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    DELETE FROM binding_relay r WHERE r.binding_id = ANY (p_row_id[p_old:])
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
    SELECT t, unnest(p_event_shard), unnest(p_event_sequence), unnest(p_event_key), unnest(p_event_payload);
  RETURN t;
END $$;
