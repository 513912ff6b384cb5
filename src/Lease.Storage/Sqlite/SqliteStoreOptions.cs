using Lease.Kernel.Sharding;

namespace Lease.Storage.Sqlite;

/// <summary>Settings of a <see cref="SqliteLeaseStore"/>.</summary>
public sealed record SqliteStoreOptions : LeaseStoreOptions
{
    /// <summary>The folder that holds <c>lease.db</c>; made when it is not there.</summary>
    public required string Directory { get; init; }

    /// <summary>Page cache of the writing connection, in octets.</summary>
    public long PageCache { get; init; } = 128L << 20;

    /// <summary>The write-ahead log is emptied into the tables when it has grown to this size, in octets.</summary>
    public long CheckpointAt { get; init; } = 32L << 20;

    /// <summary>Upper bound of the database file in pages of 4,096 octets; 0: none. A full store refuses writes as a full disk does.</summary>
    public long MaxPages { get; init; }

    /// <summary>The machine's clocks.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// The time by which leases go, of the same machine, which the store keeps from when it is opened; null: nobody else needs it.
    /// </summary>
    public ClusterTime? Time { get; init; }

    /// <summary>When more time than this has passed since the last commit, opening the store logs an error.</summary>
    public TimeSpan MaxClockGap { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Begins with an empty store in the place of one that is lost or damaged, whose files are moved aside. A store that is sound is
    /// refused.
    /// </summary>
    public bool BeginsNew { get; init; }
}
