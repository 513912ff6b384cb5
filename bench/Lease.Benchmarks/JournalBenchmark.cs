using System.Diagnostics;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Storage.Postgres;
using Lease.Storage.Sqlite;

namespace Lease.Benchmarks;

/// <summary>Durable writes a second of a store: each a new binding with one lease and one event.</summary>
internal static class JournalBenchmark
{
    private const int Shards = 16;
    private const int FillBatch = 512;
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(3);

    /// <summary>Prints a line for each batch size and number of bindings that are there already.</summary>
    public static async Task RunAsync(IReadOnlyList<int> sizes)
    {
        Console.WriteLine("bindings  batch  writes/s  batches/s");
        foreach (var size in sizes)
        {
            var directory = Directory.CreateTempSubdirectory("lease-bench-").FullName;
            await using (var store = SqliteLeaseStore.Open(new SqliteStoreOptions { Directory = directory, ShardCount = Shards }))
                await MeasureAsync(store, size);
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>As <see cref="RunAsync"/>, in a PostgreSQL database, which must be empty: the numbers of bindings grow from one to the next.</summary>
    public static async Task RunOnPostgresAsync(string connection, IReadOnlyList<int> sizes)
    {
        Console.WriteLine("bindings  batch  writes/s  batches/s");
        await using var store = PostgresLeaseStore.Open(new PostgresStoreOptions { Connection = connection, ShardCount = Shards, EventMaxCount = 1_000_000 });
        foreach (var size in sizes)
            await MeasureAsync(store, size, first: await CountAsync(store));
    }

    private static async Task<int> CountAsync(ILeaseStore store)
    {
        var count = 0;
        await foreach (var _ in store.ReadBindingsAsync(CancellationToken.None))
            count++;
        return count;
    }

    private static async Task MeasureAsync(ILeaseStore store, int bindings, int first = 0)
    {
        var epochs = (await store.ClaimAllAsync("bench")).OrderBy(static g => g.Shard).Select(static g => g.Epoch).ToArray();
        var writer = new Writer(store, epochs, first);
        writer.Write(FillBatch, () => writer.Count < bindings);
        foreach (var batch in (int[])[1, 32, 256])
        {
            var (before, batchesBefore, start) = (writer.Count, store.Counters.Batches, Stopwatch.GetTimestamp());
            writer.Write(batch, () => Stopwatch.GetElapsedTime(start) < Measured);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine($"{bindings,8}  {batch,5}  {(writer.Count - before) / seconds,8:F0}  {(store.Counters.Batches - batchesBefore) / seconds,9:F0}");
        }
    }

    /// <summary>Keeps twice the batch size in flight, so that one batch collects while the one before commits.</summary>
    private sealed class Writer(ILeaseStore store, long[] epochs, int first) : IActorRef
    {
        private readonly SemaphoreSlim told = new(0);

        public string Path => "/bench";

        public int Count { get; private set; } = first;

        public void Write(int batch, Func<bool> goesOn)
        {
            var inFlight = 0;
            while (goesOn())
            {
                for (; inFlight < 2 * batch; inFlight++)
                    Append(Count++);
                for (; inFlight > batch; inFlight--)
                    told.Wait();
            }

            for (; inFlight > 0; inFlight--)
                told.Wait();
        }

        public void Tell(object message, IActorRef? sender = null)
        {
            if (((JournalWrite)message).Outcome != JournalOutcome.Committed)
                throw new InvalidOperationException("a write was not stored");
            told.Release();
        }

        private void Append(int number)
        {
            // As long as a DUID-LLT with a link's name, in no order.
            var bytes = new byte[24];
            BitConverter.TryWriteBytes(bytes, unchecked((uint)number * 2_654_435_761));
            var key = new EntityKey(bytes);
            var shard = key.ShardOf(Shards);

            // Each shard allocates from slices of 256 addresses of its own.
            var address = ((UInt128)0x2001_0db8 << 96) + (uint)((number / (256 * Shards) * 256 * Shards) + (number % Shards * 256) + (number / Shards % 256));
            store.TryAppend(new JournalWrite
            {
                Shard = shard,
                Epoch = epochs[shard],
                Key = key,
                RowId = 0,
                Event = new byte[40],
                Row = new BindingRow { Payload = new byte[120], Link = "town", ExpiresAt = 1_000_000_000_000 + number },
                Leases = new[] { new LeaseChange(new LeaseKey(address, 128), LeaseState.Active) },
                ReplyTo = this,
            });
        }
    }
}
