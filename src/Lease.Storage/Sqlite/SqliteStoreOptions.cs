using Lease.Kernel.Actors;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Storage.Sqlite;

/// <summary>Settings of a <see cref="SqliteLeaseStore"/>.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>The folder that holds <c>lease.db</c>; made when it is not there.</summary>
    public required string Directory { get; init; }

    /// <summary>Shards of a new store; an existing store keeps its number.</summary>
    public int ShardCount { get; init; } = 16;

    /// <summary>Writes that may wait for their commit; more are refused.</summary>
    public int QueueCapacity { get; init; } = 16_384;

    /// <summary>Most writes in one transaction.</summary>
    public int MaxBatch { get; init; } = 512;

    /// <summary>Page cache of the writing connection, in octets.</summary>
    public long PageCache { get; init; } = 128L << 20;

    /// <summary>The write-ahead log is emptied into the tables when it has grown to this size, in octets.</summary>
    public long CheckpointAt { get; init; } = 32L << 20;

    /// <summary>Events older than this are pruned.</summary>
    public TimeSpan EventMaxAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Events beyond this number are pruned, oldest first.</summary>
    public long EventMaxCount { get; init; } = 1_000_000;

    /// <summary>Upper bound of the database file in pages of 4,096 octets; 0: none. A full store refuses writes as a full disk does.</summary>
    public long MaxPages { get; init; }

    /// <summary>The clock of <c>changed_at</c>.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>For failed batches and what recovery found.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Called on the journal's thread when it has told what became of a batch, or of a job whose continuation may have been posted to an actor right there (see <see cref="ActorSystem.Assist"/>); null: nothing is called.</summary>
    public Action? AfterTell { get; init; }

    /// <summary>Where committed batches are published; null: nowhere.</summary>
    public EventStream? EventStream { get; init; }
}
