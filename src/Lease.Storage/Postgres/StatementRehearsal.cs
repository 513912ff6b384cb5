using System.Buffers.Binary;
using System.Diagnostics;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Storage.Postgres;

/// <summary>
/// Writes and reads made-up bindings in temporary tables of a session's own, which hide the real ones from it and are gone with the transaction: for the runtime to compile this code and Npgsql's for speed
/// before clients wait for it. It takes a tenth of a second, and where the server is far away half a one at most: active queries on the other nodes wait for the end of every transaction.
/// </summary>
internal static class StatementRehearsal
{
    private const int Calls = 100;
    private const int WritesOfCall = 4;
    private const string Node = "rehearsal";
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(0.5);

    private static readonly string[] Tables = ["shard", "event", "binding", "binding_relay", "lease", "lease_zone"];

    /// <summary>Rehearses on an open connection.</summary>
    /// <exception cref="StoreException">The server does not let this user make temporary tables, or is gone.</exception>
    public static void Run(Connection connection)
    {
        connection.Begin();
        try
        {
            foreach (var table in Tables)
                connection.Execute($"CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING ALL) ON COMMIT DROP");
            connection.Parameters.Add(Node);
            connection.Run("INSERT INTO shard (shard_id, owner, epoch, last_sequence, changed_at) VALUES (0, $1, 0, 0, 0)");
            connection.Execute(
                """
                INSERT INTO lease_zone (first, last, lengths, found_at)
                VALUES (decode(repeat('00', 16), 'hex'), decode(repeat('ff', 16), 'hex'), '{128}', 0)
                """);
            WriteAndRead(connection);
        }
        finally
        {
            connection.Rollback();
        }
    }

    private static void WriteAndRead(Connection connection)
    {
        var writer = new BatchWriter();
        var shard = new ShardState(0, 0, 0);
        var found = new Dictionary<EntityKey, BindingLoaded>();
        var batch = new List<(EntityKey Key, IActorRef ReplyTo)>();
        var start = Stopwatch.GetTimestamp();
        for (var call = 0; call < Calls && Stopwatch.GetElapsedTime(start) < Longest; call++)
        {
            writer.Clear();
            batch.Clear();
            for (var i = 0; i < WritesOfCall; i++)
            {
                var write = Make(++shard.Next);
                writer.Add(write, isNew: true, believesHints: true);
                batch.Add((write.Key, write.ReplyTo));
            }

            writer.Add(0, shard);
            writer.Commit(connection, Node, time: 0);
            shard.Accept();
            BindingLoader.Find(connection, batch, found);
        }
    }

    private static JournalWrite Make(long number)
    {
        var key = new byte[32];
        BinaryPrimitives.WriteInt64BigEndian(key, number);
        return new JournalWrite
        {
            Shard = 0,
            Epoch = 0,
            Key = new EntityKey(key),
            RowId = number,
            Sequence = number,
            Event = key,
            Row = new BindingRow { Payload = key, Link = Node, ExpiresAt = number, RemoteId = key, RelayIds = [key], DeviceId = key },
            Leases = new[] { new LeaseChange(new LeaseKey((UInt128)number, 128), LeaseState.Active, IsNew: number % 2 == 0) },
            ReplyTo = ActorRefs.Nobody,
        };
    }
}
