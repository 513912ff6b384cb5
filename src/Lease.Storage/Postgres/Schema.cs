using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Lease.Storage.Postgres;

/// <summary>The tables, and how older ones become newer ones: <c>Migrations/NNNN.sql</c>, each in a transaction. See docs/storage.md.</summary>
internal static class Schema
{
    /// <summary>Number of the newest migration.</summary>
    public const int Version = 6;

    // Any number that other programs are unlikely to lock.
    private const long MigrationLock = 0x4c65617365;

    /// <summary>Brings the tables up to <see cref="Version"/>. Of nodes that start together one does it and the others wait.</summary>
    /// <exception cref="StoreException">The tables are of a newer version, or the user may not make them.</exception>
    public static void Migrate(Connection connection, int shardCount, ILogger logger)
    {
        connection.Begin();

        // A node that starts on a busy machine may pause for longer between two statements than one that serves is given.
        connection.Execute("SET LOCAL idle_in_transaction_session_timeout = '60s'");
        connection.Parameters.Add(MigrationLock);
        connection.Run("SELECT pg_advisory_xact_lock($1)");
        connection.Execute("CREATE TABLE IF NOT EXISTS meta (key text PRIMARY KEY, value text NOT NULL)");
        var version = int.Parse(Meta(connection, "schema-version") ?? "0", CultureInfo.InvariantCulture);
        if (version > Version)
        {
            throw new StoreException(
                $"{connection.Server} has schema version {version}, this program knows up to {Version}: start a newer Lease, or name another database");
        }

        for (var next = version + 1; next <= Version; next++)
        {
            connection.Execute(Read(next));
            if (next == 1)
                Fill(connection, shardCount);
            Set(connection, "schema-version", next.ToString(CultureInfo.InvariantCulture));
            logger.Migrated(next, connection.Server);
        }

        connection.Commit();
    }

    /// <summary>A value of the meta table; null when there is none.</summary>
    public static string? Meta(Connection connection, string key)
    {
        connection.Parameters.Add(key);
        using var read = connection.Query("SELECT value FROM meta WHERE key = $1");
        return read.Rows == 0 ? null : read.Text(0, 0);
    }

    private static void Set(Connection connection, string key, string value)
    {
        connection.Parameters.Add(key).Add(value);
        connection.Run("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    }

    private static void Fill(Connection connection, int shardCount)
    {
        Set(connection, "cluster-id", Guid.NewGuid().ToString());
        Set(connection, "shard-count", shardCount.ToString(CultureInfo.InvariantCulture));
        Set(connection, "pruned-through", "0");
        Set(connection, "pruned-count", "0");
        connection.Parameters.Add(shardCount);
        connection.Run("INSERT INTO shard (shard_id, owner, epoch, last_sequence, changed_at) SELECT s, NULL, 0, 0, 0 FROM generate_series(0, $1::bigint - 1) AS s");
    }

    private static string Read(int version)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{version:D4}.sql");
        using var stream = typeof(Schema).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in this program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
