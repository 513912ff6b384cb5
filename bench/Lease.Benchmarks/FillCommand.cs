using Lease.Actors.Bindings;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.TestKit;
using Lease.Protocol.Dhcp6;
using Lease.Storage.Sqlite;

namespace Lease.Benchmarks;

/// <summary>
/// Makes a store with bindings as the server stores them: client i has DUID-LL 02:7f and its number, and address 2001:db8:1:0:2:: + i (outside of the pools) on link subnet-1. For measuring with many bindings.
/// </summary>
internal static class FillCommand
{
    private const int Shards = 16;
    private const int InFlight = 1024;

    /// <summary>The DUID of client <paramref name="number"/>.</summary>
    public static byte[] DuidOf(int number) => Duid.MakeLinkLayer(1, [2, 0x7f, (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]);

    /// <summary>The address of client <paramref name="number"/>.</summary>
    public static UInt128 AddressOf(int number) => ((UInt128)0x2001_0db8_0001_0000 << 64) + 0x0002_0000_0000_0000 + (uint)number;

    /// <summary>Fills <paramref name="directory"/>.</summary>
    public static async Task RunAsync(string directory, int bindings)
    {
        await using var store = SqliteLeaseStore.Open(new SqliteStoreOptions { Directory = directory, ShardCount = Shards });
        var grants = await store.ClaimAllAsync("bench");
        var sink = new Sink();
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        for (var i = 0; i < bindings; i++)
        {
            sink.Free.Wait();
            store.TryAppend(WriteOf(i, now, grants, sink));
        }

        for (var i = 0; i < InFlight; i++)
            sink.Free.Wait();
        await store.ReleaseAllAsync("bench");
        Console.WriteLine($"{bindings} bindings in {directory}");
    }

    private static JournalWrite WriteOf(int number, long now, IReadOnlyList<ShardGrant> grants, IActorRef sink)
    {
        var duid = DuidOf(number);
        var key = BindingKey.ForDuid(duid, "subnet-1");
        var lease = new LeaseKey(AddressOf(number), 128);
        var binding = new Binding
        {
            Link = "subnet-1",
            ClientId = duid,
            LastTransactionAt = now,
            LinkLayerAddress = duid.AsMemory(2),
            Leases = [new BoundLease(IaKind.NonTemporary, 1, lease, LeasePhase.Active, 1, 86_400, 86_400, now)],
        };
        var shard = key.ShardOf(Shards);
        return new JournalWrite
        {
            Shard = shard,
            Epoch = grants.First(g => g.Shard == shard).Epoch,
            Key = key,
            RowId = 0,
            Event = new byte[24],
            Row = new BindingRow { Payload = BindingCodec.Encode(binding), Link = binding.Link, ExpiresAt = now + 86_400_000, DeviceId = binding.LinkLayerAddress },
            Leases = new[] { new LeaseChange(lease, LeaseState.Active) },
            ReplyTo = sink,
        };
    }

    private sealed class Sink : IActorRef
    {
        public SemaphoreSlim Free { get; } = new(InFlight);

        public string Path => "/fill";

        public void Tell(object message, IActorRef? sender = null)
        {
            if (((JournalWrite)message).Outcome != JournalOutcome.Committed)
                throw new InvalidOperationException("a write was not stored");
            Free.Release();
        }
    }
}
