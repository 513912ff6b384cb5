using System.Runtime.CompilerServices;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Storage.Sqlite;

namespace Lease.Storage.Tests;

/// <summary>
/// What this program does instead of testing when <see cref="DirectoryVariable"/> names a folder: write to the store there as fast as it can, and print
/// each acknowledged write as <c>key row-id shard sequence</c>, until it is killed.
/// </summary>
internal static class CrashingWriter
{
    public const string DirectoryVariable = "LEASE_CRASHING_WRITER_DIRECTORY";
    public const string FirstKeyVariable = "LEASE_CRASHING_WRITER_FIRST_KEY";
    public const int Shards = 4;

    private const int InFlight = 300;

    [ModuleInitializer]
    internal static void RunInsteadOfTesting()
    {
        if (Environment.GetEnvironmentVariable(DirectoryVariable) is { Length: > 0 } directory)
            Write(directory, int.Parse(Environment.GetEnvironmentVariable(FirstKeyVariable)!));
    }

    private static void Write(string directory, int key)
    {
        var store = SqliteLeaseStore.Open(new SqliteStoreOptions { Directory = directory, ShardCount = Shards, CheckpointAt = 1 << 20 });
        var grants = store.ClaimAllAsync("node-1").GetAwaiter().GetResult();
        var epochs = grants.OrderBy(static g => g.Shard).Select(static g => g.Epoch).ToArray();
        var printer = new Printer();
        for (; ; key++)
        {
            printer.WaitForRoom();
            var entity = new EntityKey(BitConverter.GetBytes(key));
            store.TryAppend(new JournalWrite
            {
                Shard = entity.ShardOf(Shards),
                Epoch = epochs[entity.ShardOf(Shards)],
                Key = entity,
                RowId = 0,
                Event = new byte[40],
                Row = new BindingRow { Payload = BitConverter.GetBytes(key), Link = "town", ExpiresAt = long.MaxValue },
                Leases = new[] { new LeaseChange(new LeaseKey((UInt128)(uint)key, 128), LeaseState.Active) },
                ReplyTo = printer,
            });
        }
    }

    private sealed class Printer : IActorRef
    {
        private readonly SemaphoreSlim room = new(InFlight);

        public string Path => "/printer";

        public void WaitForRoom() => room.Wait();

        public void Tell(object message, IActorRef? sender = null)
        {
            var write = (JournalWrite)message;
            if (write.Outcome == JournalOutcome.Committed)
                Console.WriteLine($"{BitConverter.ToInt32(write.Key.Bytes)} {write.RowId} {write.Shard} {write.Sequence}");
            room.Release();
        }
    }
}
