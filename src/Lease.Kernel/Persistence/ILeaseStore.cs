namespace Lease.Kernel.Persistence;

/// <summary>
/// A node's storage: everything that must survive. Opening it migrates the schema and checks it; disposing it finishes the batch under way,
/// fails what is still queued and closes.
/// </summary>
public interface ILeaseStore : IJournal, IBindingStore, IBindingQueries, IEventLog, IShardStore, ISliceStore, IAsyncDisposable
{
    /// <summary>What the store holds about itself.</summary>
    StoreMeta Meta { get; }

    /// <summary>What was found when the store was opened, in words for the log: bindings, leases, what a crash left and how it was mended.</summary>
    string RecoveryReport { get; }

    /// <summary>Figures since the store was opened.</summary>
    StoreCounters Counters { get; }

    /// <summary>Ends when what is stored has gone, was replaced or is damaged; the log says how. Nothing is committed any more.</summary>
    Task Lost { get; }

    /// <summary>Stores <paramref name="duid"/> as the server's DUID when none is stored; returns the one that is stored then.</summary>
    Task<byte[]> GetOrAddServerDuidAsync(byte[] duid, CancellationToken cancellation);
}

/// <summary>The meta table.</summary>
/// <param name="SchemaVersion">Number of the last migration.</param>
/// <param name="ClusterId">Random identity of this store, made with it.</param>
/// <param name="ShardCount">Fixed when the store is made.</param>
public sealed record StoreMeta(int SchemaVersion, Guid ClusterId, int ShardCount);

/// <summary>Counters of a store; each only grows, and may be read from any thread.</summary>
public sealed class StoreCounters
{
    private long batches;
    private long committed;
    private long conflicts;
    private long failed;
    private long fenced;
    private long refused;
    private long loads;
    private long sparedLoads;

    /// <summary>Transactions committed.</summary>
    public long Batches => Interlocked.Read(ref batches);

    /// <summary>Writes committed.</summary>
    public long Committed => Interlocked.Read(ref committed);

    /// <summary>Writes that failed alone because another binding holds the lease.</summary>
    public long Conflicts => Interlocked.Read(ref conflicts);

    /// <summary>Writes that failed with their batch.</summary>
    public long Failed => Interlocked.Read(ref failed);

    /// <summary>Writes of shards that were lost.</summary>
    public long Fenced => Interlocked.Read(ref fenced);

    /// <summary>Writes not taken because the queue was full.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>Rows read for actors that started.</summary>
    public long Loads => Interlocked.Read(ref loads);

    /// <summary>Actors that started for a client that was known to have no row.</summary>
    public long SparedLoads => Interlocked.Read(ref sparedLoads);

    /// <summary>Counts a decided batch.</summary>
    public void CountBatch(int committedWrites, int conflictingWrites)
    {
        Interlocked.Increment(ref batches);
        Interlocked.Add(ref committed, committedWrites);
        Interlocked.Add(ref conflicts, conflictingWrites);
    }

    /// <summary>Counts writes that failed with their batch.</summary>
    public void CountFailed(int writes) => Interlocked.Add(ref failed, writes);

    /// <summary>Counts writes of shards that were lost.</summary>
    public void CountFenced(int writes) => Interlocked.Add(ref fenced, writes);

    /// <summary>Counts a write that the full queue refused.</summary>
    public void CountRefused() => Interlocked.Increment(ref refused);

    /// <summary>Counts rows read for actors that started.</summary>
    public void CountLoads(int rows) => Interlocked.Add(ref loads, rows);

    /// <summary>Counts an actor that started without a look at the table.</summary>
    public void CountSparedLoad() => Interlocked.Increment(ref sparedLoads);
}
