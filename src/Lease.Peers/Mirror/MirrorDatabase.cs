using System.Buffers.Binary;
using Lease.Protocol;
using Microsoft.Data.Sqlite;

namespace Lease.Peers.Mirror;

/// <summary>A lease as a server told it, in times of this host's clock.</summary>
/// <param name="ClientId">The client's DUID; of an IPv4 lease the client identifier, else the hardware address.</param>
/// <param name="Prefix">The address (length 128) or prefix; an IPv4 address is IPv4-mapped.</param>
/// <param name="IsDelegated">Whether it is a delegated prefix.</param>
/// <param name="PreferredUntil">Unix seconds; <see cref="long.MaxValue"/> for ever.</param>
/// <param name="ValidUntil">Unix seconds; <see cref="long.MaxValue"/> for ever; 0: it has ended.</param>
/// <param name="LastTransactionAt">When its server last heard of the client, Unix seconds.</param>
/// <param name="Ports">Port set of a shared IPv4 address: offset in the upper 8 bits, PSID length in the next 8, PSID in the lower 16; 0: none.</param>
/// <param name="TunnelSource">The tunnel source address of an IPv4 client; null: none.</param>
public sealed record MirroredLease(
    byte[] ClientId, Ipv6Prefix Prefix, bool IsDelegated, long PreferredUntil, long ValidUntil, long LastTransactionAt, uint Ports = 0, Ipv6Address? TunnelSource = null);

/// <summary>Where news of a lease come from.</summary>
public enum LeaseSource
{
    /// <summary>A bulk answer: what was read from the server's tables some time ago.</summary>
    Bulk,

    /// <summary>An active query: what happened last.</summary>
    Active,
}

/// <summary>
/// The mirror's SQLite file; its tables are documented in docs/mirror.md for other programs. Leases and the base time that covers them change in one transaction. Every method may be called from
/// several threads, and fails with an IOException where the file cannot be read or written.
/// </summary>
public sealed class MirrorDatabase : IDisposable
{
    private const int SchemaVersion = 2;

    // How long an ended lease is remembered, so that another server's older news of it are not taken for newer. Seconds.
    private const long KeepEnded = 86_400;

    private const string Schema =
        $"""
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA cache_size = -65536;
        PRAGMA wal_autocheckpoint = 20000;
        CREATE TABLE IF NOT EXISTS server (server TEXT PRIMARY KEY, base_time INTEGER, skew REAL, generation INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS lease (
          address BLOB NOT NULL, length INTEGER NOT NULL, ports INTEGER NOT NULL, server TEXT NOT NULL, delegated INTEGER NOT NULL, client_id BLOB NOT NULL,
          preferred_until INTEGER NOT NULL, valid_until INTEGER NOT NULL, last_transaction_at INTEGER NOT NULL, generation INTEGER NOT NULL,
          tunnel_source BLOB, PRIMARY KEY (address, length, ports, server)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS lease_by_client ON lease (client_id);
        CREATE VIEW IF NOT EXISTS merged_lease AS SELECT * FROM lease WHERE NOT EXISTS (
          SELECT 1 FROM lease AS other WHERE other.address = lease.address AND other.length = lease.length AND other.ports = lease.ports AND other.server <> lease.server
            AND (other.last_transaction_at, other.server) > (lease.last_transaction_at, lease.server));
        CREATE VIEW IF NOT EXISTS current_lease AS SELECT * FROM merged_lease WHERE valid_until > CAST(strftime('%s', 'now') AS INTEGER);
        PRAGMA user_version = 2;
        """;

    // A mirror of an earlier version is copied anew.
    private const string Clear = "DROP VIEW IF EXISTS current_lease; DROP VIEW IF EXISTS merged_lease; DROP TABLE IF EXISTS lease; DROP TABLE IF EXISTS server;";

    // Of one server, what an active query told last counts; but an end that is told late does not take the address from whoever has it since. A bulk answer, which may be older, does not
    // replace what was told since the copy began: that has the copy's generation.
    private const string Upsert =
        """
        INSERT INTO lease (address, length, ports, server, delegated, client_id, preferred_until, valid_until, last_transaction_at, generation, tunnel_source)
        VALUES ($address, $length, $ports, $server, $delegated, $client, $preferred, $valid, $last, $generation, $tunnel)
        ON CONFLICT (address, length, ports, server) DO UPDATE SET tunnel_source = $tunnel, delegated = $delegated, client_id = $client, preferred_until = $preferred,
          valid_until = $valid, last_transaction_at = $last, generation = $generation
        WHERE generation < $generation OR ($active AND ($valid > 0 OR client_id = $client OR $last >= last_transaction_at - 2))
        """;

    private readonly Lock gate = new();
    private readonly string connectionString;
    private readonly SqliteConnection connection;
    private readonly SqliteCommand upsert;

    static MirrorDatabase() => SQLitePCL.Batteries_V2.Init();

    /// <summary>Opens the file, making it when it is not there.</summary>
    /// <exception cref="IOException">It cannot be opened or is not a mirror's.</exception>
    public MirrorDatabase(string file)
    {
        connectionString = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString();
        connection = new SqliteConnection(connectionString);
        upsert = connection.CreateCommand();
        try
        {
            connection.Open();
            using var version = Command(connection, "PRAGMA user_version");
            var found = version.ExecuteScalar() as long? ?? 0;
            if (found > SchemaVersion)
                throw new IOException($"mirror database {file} was made by a later version of this program");
            if (found is > 0 and < SchemaVersion)
                Execute(connection, Clear);
            using var schema = Command(connection, Schema);
            schema.ExecuteNonQuery();
            upsert.CommandText = Upsert;
            foreach (var name in (string[])["$address", "$length", "$server", "$delegated", "$client", "$preferred", "$valid", "$last", "$generation", "$active", "$ports", "$tunnel"])
                upsert.Parameters.Add(new SqliteParameter { ParameterName = name });
        }
        catch (SqliteException e)
        {
            Dispose();
            throw new IOException($"mirror database {file}: {e.Message}", e);
        }
        catch (IOException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Up to when everything that <paramref name="server"/> told is in the table, seconds since 2000 by the server's clock; null before the first whole copy.</summary>
    public uint? BaseTimeOf(string server) => Run(c => Scalar(c, "SELECT base_time FROM server WHERE server = $server", ("$server", server))) is long seconds ? (uint)seconds : null;

    /// <summary>The last <see cref="ClockSkew.Seconds"/> of <paramref name="server"/>; null when it is not known.</summary>
    public double? SkewOf(string server) => Run(c => Scalar(c, "SELECT skew FROM server WHERE server = $server", ("$server", server))) as double?;

    /// <summary>Begins a whole copy: what nothing tells of from now on is gone when it ends.</summary>
    public void BeginCopy(string server)
        => Run(c => Execute(c, "INSERT INTO server (server, generation) VALUES ($server, 1) ON CONFLICT (server) DO UPDATE SET generation = generation + 1", ("$server", server)));

    /// <summary>Ends a whole copy: removes what nothing has told of since it began.</summary>
    /// <returns>Leases removed.</returns>
    public int EndCopy(string server)
        => Run(c => Execute(c, "DELETE FROM lease WHERE server = $server AND generation < (SELECT generation FROM server WHERE server = $server)", ("$server", server)));

    /// <summary>Stores leases, and the base time that covers them and all before.</summary>
    /// <param name="server">Who told.</param>
    /// <param name="leases">What was told, in order.</param>
    /// <param name="source">How.</param>
    /// <param name="baseTime">Seconds since 2000 by the server's clock; null leaves it as it is.</param>
    /// <param name="skew">With <paramref name="baseTime"/>: see <see cref="SkewOf"/>.</param>
    public void Apply(string server, IReadOnlyList<MirroredLease> leases, LeaseSource source, uint? baseTime, double skew = 0)
        => Run(c =>
        {
            using var transaction = c.BeginTransaction();
            upsert.Transaction = transaction;
            var generation = Scalar(c, "SELECT generation FROM server WHERE server = $server", ("$server", server)) as long? ?? 0;
            foreach (var lease in leases)
                Store(server, lease, source, generation);
            if (baseTime is { } seconds)
            {
                Execute(
                    c,
                    "INSERT INTO server (server, base_time, skew) VALUES ($server, $time, $skew) ON CONFLICT (server) DO UPDATE SET base_time = $time, skew = $skew",
                    ("$server", server),
                    ("$time", (long)seconds),
                    ("$skew", skew));
            }

            transaction.Commit();
            return leases.Count;
        });

    /// <summary>Forgets leases that ended long before <paramref name="now"/> (Unix seconds).</summary>
    public void Prune(long now) => Run(c => Execute(c, "DELETE FROM lease WHERE valid_until < $before AND last_transaction_at < $before", ("$before", now - KeepEnded)));

    /// <summary>The leases that are valid at <paramref name="now"/> (Unix seconds), in the order of their addresses. Writers do not wait for it.</summary>
    public IReadOnlyList<MirroredLease> ReadCurrent(long now) => Read(c =>
    {
        var leases = new List<MirroredLease>();
        using var command = Command(
            c,
            "SELECT client_id, address, length, delegated, preferred_until, valid_until, last_transaction_at, ports, tunnel_source FROM merged_lease WHERE valid_until > $now "
            + "ORDER BY address, length, ports",
            ("$now", now));
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var prefix = new Ipv6Prefix(Ipv6Address.Read((byte[])reader[1]), (byte)reader.GetInt64(2));
            var tunnel = reader.IsDBNull(8) ? (Ipv6Address?)null : Ipv6Address.Read((byte[])reader[8]);
            leases.Add(new MirroredLease(
                (byte[])reader[0], prefix, reader.GetInt64(3) != 0, reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6), (uint)reader.GetInt64(7), tunnel));
        }

        return leases;
    });

    /// <summary>How many leases are valid at <paramref name="now"/> (Unix seconds). Writers do not wait for it.</summary>
    public long CountCurrent(long now) => Read(c => (long)Scalar(c, "SELECT count(*) FROM merged_lease WHERE valid_until > $now", ("$now", now))!);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            upsert.Dispose();
            connection.Dispose();
        }
    }

    private void Store(string server, MirroredLease lease, LeaseSource source, long generation)
    {
        var address = new byte[Ipv6Address.Size];
        BinaryPrimitives.WriteUInt128BigEndian(address, lease.Prefix.Address.Value);
        object[] values =
        [
            address, (long)lease.Prefix.Length, server, lease.IsDelegated ? 1L : 0L, lease.ClientId, lease.PreferredUntil, lease.ValidUntil, lease.LastTransactionAt, generation,
            source == LeaseSource.Active ? 1L : 0L, (long)lease.Ports, (object?)TunnelOf(lease) ?? DBNull.Value,
        ];
        for (var i = 0; i < values.Length; i++)
            upsert.Parameters[i].Value = values[i];
        upsert.ExecuteNonQuery();
    }

    private static byte[]? TunnelOf(MirroredLease lease)
    {
        if (lease.TunnelSource is not { } source)
            return null;
        var octets = new byte[Ipv6Address.Size];
        source.Write(octets);
        return octets;
    }

    private T Run<T>(Func<SqliteConnection, T> action)
    {
        lock (gate)
            return Checked(() => action(connection));
    }

    // On a connection of its own: readers and the writer do not wait for each other (WAL).
    private T Read<T>(Func<SqliteConnection, T> action) => Checked(() =>
    {
        using var reader = new SqliteConnection(connectionString);
        reader.Open();
        return action(reader);
    });

    private static T Checked<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SqliteException e)
        {
            throw new IOException($"mirror database: {e.Message}", e);
        }
        catch (Exception e) when (e is InvalidOperationException)
        {
            throw new IOException("the mirror database is closed", e);
        }
    }

    private static object? Scalar(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        return command.ExecuteScalar();
    }

    private static int Execute(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value);
        return command;
    }
}
