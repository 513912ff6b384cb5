using Lease.Kernel.Actors;
using Lease.Kernel.Sharding;

namespace Lease.Kernel.Persistence;

/// <summary>Reads of the binding and lease tables. They see every write that was told as committed before the read began.</summary>
public interface IBindingStore
{
    /// <summary>
    /// Reads one entity's row and tells <paramref name="replyTo"/> a <see cref="BindingLoaded"/> (maybe before this call returns),
    /// or a <see cref="BindingLoadFailed"/>.
    /// </summary>
    void Load(EntityKey key, IActorRef replyTo);

    /// <summary>
    /// Entities of <paramref name="shards"/> whose <see cref="BindingRow.ExpiresAt"/> is at or before <paramref name="now"/> (Unix milliseconds),
    /// earliest first, at most <paramref name="limit"/>.
    /// </summary>
    Task<IReadOnlyList<EntityKey>> FindDueAsync(IReadOnlyList<int> shards, long now, int limit, CancellationToken cancellation);

    /// <summary>All binding rows, in no order, streamed with bounded memory.</summary>
    IAsyncEnumerable<StoredBinding> ReadBindingsAsync(CancellationToken cancellation);

    /// <summary>All lease rows in the order of their key, streamed with bounded memory.</summary>
    IAsyncEnumerable<StoredLease> ReadLeasesAsync(CancellationToken cancellation);
}

/// <summary>Answer to <see cref="IBindingStore.Load"/>.</summary>
/// <param name="Key">The entity asked for.</param>
/// <param name="RowId">The storage's handle for the next write; 0 when there is no row.</param>
/// <param name="Payload">The stored state; null when there is no row.</param>
/// <param name="Sequence">Sequence of the last committed event; 0 when there is no row.</param>
public sealed record BindingLoaded(EntityKey Key, long RowId, byte[]? Payload, long Sequence);

/// <summary>The row could not be read: the entity must not be served from a guess.</summary>
/// <param name="Key">The entity asked for.</param>
/// <param name="Reason">What failed, for the log.</param>
public sealed record BindingLoadFailed(EntityKey Key, string Reason);

/// <summary>A row of the binding table.</summary>
public sealed record StoredBinding(EntityKey Key, int Shard, long Sequence, long ChangedAt, BindingRow Row);

/// <summary>A row of the lease table.</summary>
/// <param name="Key">What is leased.</param>
/// <param name="Binding">The binding that holds it, or held it last; null when that binding's row is gone.</param>
/// <param name="State">Its state.</param>
/// <param name="ChangedAt">Last change, Unix milliseconds.</param>
public sealed record StoredLease(LeaseKey Key, EntityKey? Binding, LeaseState State, long ChangedAt);
