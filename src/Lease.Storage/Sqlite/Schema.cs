using System.Globalization;

namespace Lease.Storage.Sqlite;

/// <summary>The tables, and how older files become newer ones. See docs/storage.md, which changes with this file.</summary>
internal static class Schema
{
    /// <summary>Number of the newest migration.</summary>
    public static int Version => Migrations.Length;

    // Never change a migration that was released: add one.
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE node (node_id TEXT PRIMARY KEY, address TEXT, incarnation INTEGER NOT NULL, heartbeat_at INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE shard (
          shard_id INTEGER PRIMARY KEY, owner TEXT, epoch INTEGER NOT NULL, last_sequence INTEGER NOT NULL, changed_at INTEGER NOT NULL);
        CREATE TABLE event (
          id INTEGER PRIMARY KEY, shard_id INTEGER NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, binding_key BLOB NOT NULL, payload BLOB NOT NULL);
        CREATE TABLE binding (
          id INTEGER PRIMARY KEY, binding_key BLOB NOT NULL, shard_id INTEGER NOT NULL, sequence INTEGER NOT NULL, changed_at INTEGER NOT NULL,
          link TEXT NOT NULL, remote_id BLOB, expires_at INTEGER NOT NULL, payload BLOB NOT NULL);
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
        """,
        """
        ALTER TABLE binding ADD COLUMN device_id BLOB;
        CREATE INDEX binding_by_device_id ON binding (device_id) WHERE device_id IS NOT NULL;
        CREATE INDEX binding_by_link ON binding (link);
        """,
        """
        ALTER TABLE node ADD COLUMN fingerprint TEXT;
        """,
    ];

    /// <summary>Brings the file up to <see cref="Version"/>; each migration is one transaction.</summary>
    /// <exception cref="StoreException">The file is of a newer version.</exception>
    public static void Migrate(Database database, string file, int shardCount)
    {
        var version = (int)database.Scalar("PRAGMA user_version");
        if (version > Version)
        {
            throw new StoreException(
                $"{file} has schema version {version}, this program knows up to {Version}: start a newer Lease, or name another --data folder");
        }

        for (; version < Version; version++)
        {
            database.Execute("BEGIN IMMEDIATE");
            database.Execute(Migrations[version]);
            if (version == 0)
                Fill(database, shardCount);
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version + 1}"));
            database.Execute("COMMIT");
        }
    }

    private static void Fill(Database database, int shardCount)
    {
        using var meta = database.PrepareOnce("INSERT INTO meta (key, value) VALUES (?, ?)");
        meta.Bind(1, "cluster-id").Bind(2, Guid.NewGuid().ToString()).Run();
        meta.Bind(1, "shard-count").Bind(2, shardCount).Run();
        using var shard = database.PrepareOnce("INSERT INTO shard (shard_id, owner, epoch, last_sequence, changed_at) VALUES (?, NULL, 0, 0, 0)");
        for (var i = 0; i < shardCount; i++)
            shard.Bind(1, i).Run();
    }
}
