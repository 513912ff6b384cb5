using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Storage;

/// <summary>Settings of every store.</summary>
public abstract record LeaseStoreOptions
{
    /// <summary>Shards of a new store; an existing store keeps its number.</summary>
    public int ShardCount { get; init; } = 16;

    /// <summary>Writes that may wait for their commit; more are refused.</summary>
    public int QueueCapacity { get; init; } = 16_384;

    /// <summary>
    /// Most writes in one transaction. Its replies leave at once: about as many as a relay's socket buffer holds as Linux makes it (208 KiB, 166 small datagrams). With more, some were lost there.
    /// </summary>
    public int MaxBatch { get; init; } = 160;

    /// <summary>Events older than this are pruned.</summary>
    public TimeSpan EventMaxAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Events beyond this number are pruned, oldest first.</summary>
    public long EventMaxCount { get; init; } = 1_000_000;

    /// <summary>For failed batches and what recovery found.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Called on the journal's thread when it has told what became of a batch, or of a job whose continuation may have been posted to an actor right there (see <see cref="ActorSystem.Assist"/>); null: nothing is called.</summary>
    public Action? AfterTell { get; init; }

    /// <summary>Where committed batches are published; null: nowhere.</summary>
    public CommittedEvents? Committed { get; init; }
}
