using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Kernel.TestKit;

/// <summary>
/// A journal and binding store in memory that misbehaves on cue: it holds commits and loads back, refuses, fails, fences. Without a cue it commits at once, in the caller's
/// turn. Akka.NET: the in-memory journal with <c>Akka.Persistence.TestKit</c>'s failures.
/// </summary>
public sealed class TestJournal(TimeProvider time) : IJournal, IBindingStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<EntityKey, (long RowId, StoredBinding Stored)> rows = [];
    private readonly Dictionary<LeaseKey, StoredLease> leases = [];
    private readonly HashSet<byte> lengths = [];
    private readonly Dictionary<int, (long Sequence, long ChangedAt)> shards = [];
    private readonly Dictionary<int, long> epochs = [];
    private readonly Queue<JournalWrite> waiting = [];
    private readonly Queue<(EntityKey Key, IActorRef ReplyTo)> waitingLoads = [];
    private readonly Queue<JournalOutcome> script = [];
    private readonly List<JournalWrite> decided = [];
    private string? loadFailure;
    private long lastRowId;

    /// <summary>When true every append is refused, as by a full queue.</summary>
    public bool IsFull { get; set; }

    /// <summary>When true writes wait for <see cref="DecideNext"/> or <see cref="DecideAll"/>.</summary>
    public bool HoldWrites { get; set; }

    /// <summary>When true reads wait for <see cref="ReleaseLoads"/>.</summary>
    public bool HoldLoads { get; set; }

    /// <summary>Writes that wait for their outcome.</summary>
    public int WaitingWrites
    {
        get
        {
            lock (gate)
                return waiting.Count;
        }
    }

    /// <summary>Every write that has its outcome, in the order of the decisions.</summary>
    public IReadOnlyList<JournalWrite> Decided
    {
        get
        {
            lock (gate)
                return [.. decided];
        }
    }

    /// <summary>The outcomes of the next writes; <see cref="JournalOutcome.Committed"/> still checks fence and leases. After the last one the journal behaves again.</summary>
    public void Script(params ReadOnlySpan<JournalOutcome> outcomes)
    {
        lock (gate)
        {
            foreach (var outcome in outcomes)
                script.Enqueue(outcome);
        }
    }

    /// <summary>Gives the shard to somebody with a higher epoch: writes of lower epochs end as <see cref="JournalOutcome.Fenced"/>.</summary>
    public void Fence(int shard, long epoch)
    {
        lock (gate)
            epochs[shard] = epoch;
    }

    /// <summary>The next read fails for this reason.</summary>
    public void FailNextLoad(string reason) => loadFailure = reason;

    /// <inheritdoc/>
    public bool TryAppend(JournalWrite write)
    {
        lock (gate)
        {
            if (IsFull)
                return false;
            waiting.Enqueue(write);
        }

        if (!HoldWrites)
            DecideAll();
        return true;
    }

    /// <summary>Decides the oldest write that waits and tells its writer.</summary>
    /// <returns>False when none waits.</returns>
    public bool DecideNext()
    {
        JournalWrite? write;
        lock (gate)
        {
            if (!waiting.TryDequeue(out write))
                return false;
            write.Outcome = Decide(write);
            decided.Add(write);
        }

        write.ReplyTo.Tell(write);
        return true;
    }

    /// <summary>Decides every write that waits.</summary>
    public void DecideAll()
    {
        while (DecideNext())
        {
        }
    }

    /// <inheritdoc/>
    public void Load(EntityKey key, IActorRef replyTo)
    {
        lock (gate)
            waitingLoads.Enqueue((key, replyTo));
        if (!HoldLoads)
            ReleaseLoads();
    }

    /// <summary>Answers every read that waits.</summary>
    public void ReleaseLoads()
    {
        while (NextLoad() is var (key, replyTo))
            replyTo.Tell(Read(key));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<EntityKey>> FindDueAsync(IReadOnlyList<int> shards, long now, int limit, CancellationToken cancellation)
    {
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<EntityKey>>(
            [
                .. rows.Values
                    .Select(row => row.Stored)
                    .Where(stored => shards.Contains(stored.Shard) && stored.Row.ExpiresAt <= now)
                    .OrderBy(stored => stored.Row.ExpiresAt)
                    .Take(limit)
                    .Select(stored => stored.Key),
            ]);
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredBinding> ReadBindingsAsync(CancellationToken cancellation)
    {
        lock (gate)
            return rows.Values.Select(row => row.Stored).ToArray().ToAsyncEnumerable();
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredLease> ReadLeasesAsync(CancellationToken cancellation)
    {
        lock (gate)
            return leases.Values.OrderBy(lease => (lease.Key.Address, lease.Key.Length, lease.Key.Ports)).ToArray().ToAsyncEnumerable();
    }

    private (EntityKey Key, IActorRef ReplyTo)? NextLoad()
    {
        lock (gate)
            return waitingLoads.TryDequeue(out var load) ? load : null;
    }

    private object Read(EntityKey key)
    {
        lock (gate)
        {
            if (loadFailure is { } reason)
            {
                loadFailure = null;
                return new BindingLoadFailed(key, reason);
            }

            return rows.TryGetValue(key, out var row)
                ? new BindingLoaded(key, row.RowId, row.Stored.Row.Payload.ToArray(), row.Stored.Sequence)
                : new BindingLoaded(key, 0, Payload: null, 0);
        }
    }

    private JournalOutcome Decide(JournalWrite write)
    {
        if (script.TryDequeue(out var scripted) && scripted != JournalOutcome.Committed)
        {
            if (scripted == JournalOutcome.LeaseConflict)
                write.Conflict = FirstClaim(write);
            return scripted;
        }

        if (epochs.TryGetValue(write.Shard, out var epoch) && write.Epoch < epoch)
            return JournalOutcome.Fenced;
        foreach (var change in write.Leases.Span)
        {
            lengths.Add(change.Key.Length);
            if (change.State != LeaseState.Free && IsHeldByAnother(change.Key, write.Key))
            {
                write.Conflict = change.Key;
                return JournalOutcome.LeaseConflict;
            }
        }

        Store(write);
        return JournalOutcome.Committed;
    }

    private static LeaseKey FirstClaim(JournalWrite write)
    {
        foreach (var change in write.Leases.Span)
        {
            if (change.State != LeaseState.Free)
                return change.Key;
        }

        throw new InvalidOperationException("A write that claims no lease cannot conflict.");
    }

    private bool IsHeldByAnother(LeaseKey lease, EntityKey binding)
        => lengths.Count < 2
            ? leases.TryGetValue(lease, out var held) && IsAnothers(held, binding)
            : leases.Values.Any(other => other.Key.Overlaps(lease) && IsAnothers(other, binding));

    private static bool IsAnothers(StoredLease held, EntityKey binding) => held.State != LeaseState.Free && !Equals(held.Binding, binding);

    private void Store(JournalWrite write)
    {
        var (sequence, changedAt) = shards.GetValueOrDefault(write.Shard);
        write.Sequence = sequence + 1;
        write.ChangedAt = Math.Max(changedAt, time.GetUtcNow().ToUnixTimeMilliseconds());
        shards[write.Shard] = (write.Sequence, write.ChangedAt);
        if (write.Row is null)
        {
            rows.Remove(write.Key);
            write.RowId = 0;
        }
        else
        {
            write.RowId = rows.TryGetValue(write.Key, out var known) ? known.RowId : ++lastRowId;
            rows[write.Key] = (write.RowId, new StoredBinding(write.Key, write.Shard, write.Sequence, write.ChangedAt, write.Row));
        }

        foreach (var change in write.Leases.Span)
        {
            if (!IsHeldByAnother(change.Key, write.Key))
                leases[change.Key] = new StoredLease(change.Key, write.Key, change.State, write.ChangedAt);
        }
    }
}
