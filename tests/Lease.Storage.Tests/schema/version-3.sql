CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE node (node_id TEXT PRIMARY KEY, address TEXT, incarnation INTEGER NOT NULL, heartbeat_at INTEGER NOT NULL, state TEXT NOT NULL, fingerprint TEXT) WITHOUT ROWID;
CREATE TABLE shard (
  shard_id INTEGER PRIMARY KEY, owner TEXT, epoch INTEGER NOT NULL, last_sequence INTEGER NOT NULL, changed_at INTEGER NOT NULL);
CREATE TABLE event (
  id INTEGER PRIMARY KEY, shard_id INTEGER NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, binding_key BLOB NOT NULL, payload BLOB NOT NULL);
CREATE TABLE binding (
  id INTEGER PRIMARY KEY, binding_key BLOB NOT NULL, shard_id INTEGER NOT NULL, sequence INTEGER NOT NULL, changed_at INTEGER NOT NULL,
  link TEXT NOT NULL, remote_id BLOB, expires_at INTEGER NOT NULL, payload BLOB NOT NULL, device_id BLOB);
CREATE UNIQUE INDEX binding_by_key ON binding (binding_key);
CREATE INDEX binding_by_expiry ON binding (expires_at);
CREATE INDEX binding_by_remote_id ON binding (remote_id) WHERE remote_id IS NOT NULL;
CREATE TABLE binding_relay (relay_id BLOB NOT NULL, binding_id INTEGER NOT NULL, PRIMARY KEY (relay_id, binding_id)) WITHOUT ROWID;
CREATE INDEX binding_relay_by_binding ON binding_relay (binding_id);
CREATE TABLE lease (
  address BLOB NOT NULL, length INTEGER NOT NULL, ports INTEGER NOT NULL, binding_id INTEGER NOT NULL, state INTEGER NOT NULL,
  changed_at INTEGER NOT NULL, PRIMARY KEY (address, length, ports)) WITHOUT ROWID;
CREATE TABLE slice (pool TEXT NOT NULL, slice INTEGER NOT NULL, shard_id INTEGER NOT NULL, PRIMARY KEY (pool, slice)) WITHOUT ROWID;
CREATE INDEX slice_by_shard ON slice (shard_id, pool);

CREATE INDEX binding_by_device_id ON binding (device_id) WHERE device_id IS NOT NULL;
CREATE INDEX binding_by_link ON binding (link);
