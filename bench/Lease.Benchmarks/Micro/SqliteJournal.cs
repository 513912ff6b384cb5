using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using Lease.Kernel.TestKit;
using Lease.Storage.Sqlite;

namespace Lease.Benchmarks.Micro;

/// <summary>
/// A durable write (a new binding, a lease, an event) as the server makes it, with <c>synchronous=FULL</c> on the disk of the temporary folder. Each iteration writes the same number, so
/// that the tables grow little while it is measured.
/// </summary>
[MemoryDiagnoser]
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 3, iterationCount: 10, invocationCount: 1)]
public class SqliteJournal
{
    private const int Writes = 4096;
    private string directory = "";
    private SqliteLeaseStore store = null!;
    private JournalLoad load = null!;

    /// <summary>Bindings that are there already.</summary>
    [Params(10_000, 1_000_000)]
    public int Bindings { get; set; }

    /// <summary>Writes that come together.</summary>
    [Params(1, 32, 256)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        directory = Directory.CreateTempSubdirectory("lease-bench-").FullName;
        store = SqliteLeaseStore.Open(new SqliteStoreOptions { Directory = directory, ShardCount = JournalLoad.Shards });

        // In-process runs of BenchmarkDotNet 0.14 do not await.
        load = new JournalLoad(store, store.ClaimAllAsync("bench").GetAwaiter().GetResult());
        load.Fill(Bindings);
    }

    [Benchmark(OperationsPerInvoke = Writes)]
    public void Write()
    {
        var end = load.Count + Writes;
        load.Write(Batch, () => load.Count < end);
    }

    [GlobalCleanup]
    public void Remove()
    {
        store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Directory.Delete(directory, recursive: true);
    }
}
