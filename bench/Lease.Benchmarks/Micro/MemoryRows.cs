using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Benchmarks.Micro;

/// <summary>A journal that commits at once, in memory, and keeps only the rows as they are now.</summary>
internal sealed class MemoryRows : IJournal, IBindingStore
{
    private readonly Dictionary<EntityKey, BindingLoaded> rows = [];
    private long sequence;

    /// <inheritdoc/>
    public bool TryAppend(JournalWrite write)
    {
        write.RowId = 1;
        write.Sequence = ++sequence;
        write.Outcome = JournalOutcome.Committed;
        rows[write.Key] = new BindingLoaded(write.Key, write.RowId, write.Row?.Payload.ToArray(), write.Sequence);
        write.ReplyTo.Tell(write);
        return true;
    }

    /// <inheritdoc/>
    public void Load(EntityKey key, IActorRef replyTo) => replyTo.Tell(rows.GetValueOrDefault(key) ?? new BindingLoaded(key, 0, Payload: null, 0));

    /// <inheritdoc/>
    public Task<IReadOnlyList<EntityKey>> FindDueAsync(IReadOnlyList<int> shards, long now, int limit, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<EntityKey>>([]);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredBinding> ReadBindingsAsync(CancellationToken cancellation) => AsyncEnumerable.Empty<StoredBinding>();

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredLease> ReadLeasesAsync(CancellationToken cancellation) => AsyncEnumerable.Empty<StoredLease>();
}
