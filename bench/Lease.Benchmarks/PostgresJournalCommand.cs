using System.Diagnostics;
using Lease.Kernel.Persistence;
using Lease.Kernel.TestKit;
using Lease.Storage.Postgres;

namespace Lease.Benchmarks;

/// <summary>Durable writes a second of a PostgreSQL database, which must be empty: each a new binding with one lease and one event. (<see cref="Micro.SqliteJournal"/> is the same on SQLite.)</summary>
internal static class PostgresJournalCommand
{
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(3);

    /// <summary>Prints a line for each batch size and number of bindings that are there already, which grows from one to the next.</summary>
    public static async Task RunAsync(string connection, IReadOnlyList<int> sizes)
    {
        Console.WriteLine("bindings  batch  writes/s  batches/s");
        await using var store = PostgresLeaseStore.Open(new PostgresStoreOptions { Connection = connection, ShardCount = JournalLoad.Shards, EventMaxCount = 1_000_000 });
        foreach (var size in sizes)
            await MeasureAsync(store, size);
    }

    private static async Task MeasureAsync(ILeaseStore store, int bindings)
    {
        var load = new JournalLoad(store, await store.ClaimAllAsync("bench"), first: await CountAsync(store));
        load.Fill(bindings);
        foreach (var batch in (int[])[1, 32, 256])
        {
            var (before, batchesBefore, start) = (load.Count, store.Counters.Batches, Stopwatch.GetTimestamp());
            load.Write(batch, () => Stopwatch.GetElapsedTime(start) < Measured);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine($"{bindings,8}  {batch,5}  {(load.Count - before) / seconds,8:F0}  {(store.Counters.Batches - batchesBefore) / seconds,9:F0}");
        }
    }

    private static async Task<int> CountAsync(ILeaseStore store)
    {
        var count = 0;
        await foreach (var _ in store.ReadBindingsAsync(CancellationToken.None))
            count++;
        return count;
    }
}
