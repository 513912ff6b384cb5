using System.Buffers.Binary;
using Lease.Protocol;
using Microsoft.Data.Sqlite;

namespace Lease.Peers.Mirror;

/// <summary>A lease as a server told it, in times of this host's clock.</summary>
/// <param name="ClientId">The client's DUID.</param>
/// <param name="Prefix">The address (length 128) or prefix.</param>
/// <param name="IsDelegated">Whether it is a delegated prefix.</param>
/// <param name="PreferredUntil">Unix seconds; <see cref="long.MaxValue"/> for ever.</param>
/// <param name="ValidUntil">Unix seconds; <see cref="long.MaxValue"/> for ever; 0: it has ended.</param>
/// <param name="LastTransactionAt">When its server last heard of the client, Unix seconds.</param>
public sealed record MirroredLease(byte[] ClientId, Ipv6Prefix Prefix, bool IsDelegated, long PreferredUntil, long ValidUntil, long LastTransactionAt);

/// <summary>
/// The mirror's SQLite file; its tables are documented in docs/mirror.md for other programs. Leases and the base time that covers them change in one transaction.
/// </summary>
public sealed class MirrorDatabase : IDisposable
{
    // How long an ended lease is remembered, so that older news of it is not taken for newer.
    private const long KeepEnded = 86_400;

    private readonly Lock gate = new();
    private readonly SqliteConnection connection;
    private readonly SqliteCommand upsert;

    static MirrorDatabase() => SQLitePCL.Batteries_V2.Init();

    /// <summary>Opens the file, making it when it is not there.</summary>
    /// <exception cref="IOException">It cannot be opened or is not a mirror's.</exception>
    public MirrorDatabase(string file)
    {
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        try
        {
            connection.Open();
            Execute(
                """
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = NORMAL;
                CREATE TABLE IF NOT EXISTS server (server TEXT PRIMARY KEY, base_time INTEGER, skew REAL, generation INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS lease (
                  address BLOB NOT NULL, length INTEGER NOT NULL, delegated INTEGER NOT NULL, client_id BLOB NOT NULL, server TEXT NOT NULL,
                  preferred_until INTEGER NOT NULL, valid_until INTEGER NOT NULL, last_transaction_at INTEGER NOT NULL, generation INTEGER NOT NULL,
                  PRIMARY KEY (address, length)) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS lease_by_client ON lease (client_id);
                CREATE VIEW IF NOT EXISTS current_lease AS SELECT * FROM lease WHERE valid_until > unixepoch();
                """);
            upsert = connection.CreateCommand();

            // Seed 003 section 4.3.4: of two servers' news the one with the newer last transaction counts; of one server's, what came last unless it is older.
            upsert.CommandText =
                """
                INSERT INTO lease (address, length, delegated, client_id, server, preferred_until, valid_until, last_transaction_at, generation)
                VALUES ($address, $length, $delegated, $client, $server, $preferred, $valid, $last, $generation)
                ON CONFLICT (address, length) DO UPDATE SET delegated = $delegated, client_id = $client, server = $server, preferred_until = $preferred,
                  valid_until = $valid, last_transaction_at = $last, generation = $generation
                WHERE $last > last_transaction_at + $skew OR (server = $server AND $last >= last_transaction_at - $skew)
                """;
            foreach (var name in (string[])["$address", "$length", "$delegated", "$client", "$server", "$preferred", "$valid", "$last", "$generation", "$skew"])
                upsert.Parameters.Add(new SqliteParameter { ParameterName = name });
            upsert.Prepare();
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw new IOException($"mirror database {file}: {e.Message}", e);
        }
    }

    /// <summary>Up to when everything that <paramref name="server"/> told is in the table, seconds since 2000 by the server's clock; null before the first whole copy.</summary>
    public uint? BaseTimeOf(string server)
    {
        lock (gate)
        {
            using var command = Command("SELECT base_time FROM server WHERE server = $server", ("$server", server));
            return command.ExecuteScalar() is long seconds ? (uint)seconds : null;
        }
    }

    /// <summary>The last <see cref="ClockSkew.Seconds"/> of <paramref name="server"/>; null when it is not known.</summary>
    public double? SkewOf(string server)
    {
        lock (gate)
        {
            using var command = Command("SELECT skew FROM server WHERE server = $server", ("$server", server));
            return command.ExecuteScalar() as double?;
        }
    }

    /// <summary>Begins a whole copy: what it does not touch is gone when it ends.</summary>
    public void BeginCopy(string server)
    {
        lock (gate)
        {
            using var command = Command(
                "INSERT INTO server (server, generation) VALUES ($server, 1) ON CONFLICT (server) DO UPDATE SET generation = generation + 1", ("$server", server));
            command.ExecuteNonQuery();
        }
    }

    /// <summary>Ends a whole copy: removes what it did not touch.</summary>
    /// <returns>Leases removed.</returns>
    public int EndCopy(string server)
    {
        lock (gate)
        {
            using var command = Command(
                "DELETE FROM lease WHERE server = $server AND generation < (SELECT generation FROM server WHERE server = $server)", ("$server", server));
            return command.ExecuteNonQuery();
        }
    }

    /// <summary>Stores leases, and the base time that covers them and all before.</summary>
    /// <param name="server">Who told.</param>
    /// <param name="leases">What was told, in order.</param>
    /// <param name="baseTime">Seconds since 2000 by the server's clock; null leaves it as it is.</param>
    /// <param name="skew">With <paramref name="baseTime"/>: see <see cref="SkewOf"/>.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Apply(string server, IReadOnlyList<MirroredLease> leases, uint? baseTime, double skew = 0)
    {
        try
        {
            Store(server, leases, baseTime, skew);
        }
        catch (SqliteException e)
        {
            throw new IOException($"the mirror database cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Forgets leases that ended long before <paramref name="now"/> (Unix seconds).</summary>
    public void Prune(long now)
    {
        lock (gate)
        {
            using var command = Command("DELETE FROM lease WHERE valid_until < $before AND last_transaction_at < $before", ("$before", now - KeepEnded));
            command.ExecuteNonQuery();
        }
    }

    /// <summary>The leases that are valid at <paramref name="now"/> (Unix seconds), in the order of their addresses.</summary>
    public IReadOnlyList<MirroredLease> ReadCurrent(long now)
    {
        lock (gate)
        {
            var leases = new List<MirroredLease>();
            using var command = Command(
                "SELECT client_id, address, length, delegated, preferred_until, valid_until, last_transaction_at FROM lease WHERE valid_until > $now ORDER BY address, length", ("$now", now));
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                var prefix = new Ipv6Prefix(Ipv6Address.Read((byte[])reader[1]), (byte)reader.GetInt64(2));
                leases.Add(new MirroredLease((byte[])reader[0], prefix, reader.GetInt64(3) != 0, reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6)));
            }

            return leases;
        }
    }

    /// <summary>How many leases are valid at <paramref name="now"/> (Unix seconds).</summary>
    public long CountCurrent(long now)
    {
        lock (gate)
        {
            using var command = Command("SELECT count(*) FROM lease WHERE valid_until > $now", ("$now", now));
            return (long)command.ExecuteScalar()!;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            upsert.Dispose();
            connection.Dispose();
        }
    }

    private void Store(string server, IReadOnlyList<MirroredLease> leases, uint? baseTime, double skew)
    {
        lock (gate)
        {
            using var transaction = connection.BeginTransaction();
            upsert.Transaction = transaction;
            using var generation = Command("SELECT generation FROM server WHERE server = $server", ("$server", server));
            generation.Transaction = transaction;
            var current = generation.ExecuteScalar() as long? ?? 0;
            foreach (var lease in leases)
                Upsert(server, lease, current);
            if (baseTime is { } seconds)
            {
                using var store = Command(
                    "INSERT INTO server (server, base_time, skew) VALUES ($server, $time, $skew) ON CONFLICT (server) DO UPDATE SET base_time = $time, skew = $skew",
                    ("$server", server),
                    ("$time", (long)seconds),
                    ("$skew", skew));
                store.Transaction = transaction;
                store.ExecuteNonQuery();
            }

            transaction.Commit();
        }
    }

    private void Upsert(string server, MirroredLease lease, long generation)
    {
        var address = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(address, lease.Prefix.Address.Value);
        object[] values =
        [
            address, (long)lease.Prefix.Length, lease.IsDelegated ? 1L : 0L, lease.ClientId, server, lease.PreferredUntil, lease.ValidUntil, lease.LastTransactionAt, generation,

            // Times told in seconds differ by one from message to message.
            1L,
        ];
        for (var i = 0; i < values.Length; i++)
            upsert.Parameters[i].Value = values[i];
        upsert.ExecuteNonQuery();
    }

    private void Execute(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value);
        return command;
    }
}
