using Lease.Kernel.Persistence;

namespace Lease.Kernel.TestKit;

/// <summary>
/// The node and shard tables in memory, shared by the nodes of a test, with a clock of its own. Changes of an owner fence the writes to <paramref name="journal"/>, as in one database.
/// </summary>
/// <param name="journal">The journal of all nodes.</param>
/// <param name="clock">The store's clock.</param>
/// <param name="shardCount">Number of shards.</param>
public sealed class TestShardStore(TestJournal journal, TimeProvider clock, int shardCount) : IShardStore
{
    private readonly Dictionary<string, Row> nodes = [];
    private readonly List<Action> watchers = [];
    private readonly ShardOwnership[] shards = [.. Enumerable.Range(0, shardCount).Select(static s => new ShardOwnership(s, null, 0))];

    /// <summary>Nodes that cannot reach the store at the moment.</summary>
    public HashSet<string> CutOff { get; } = [];

    /// <summary>How far the store's clock is behind the cluster's time.</summary>
    public TimeSpan ClockBehind { get; set; }

    /// <summary>Every shard, by number.</summary>
    public IReadOnlyList<ShardOwnership> Shards => shards;

    /// <inheritdoc/>
    public Task<long> JoinAsync(string nodeId, string address, string fingerprint, CancellationToken cancellation) => Run(nodeId, () =>
    {
        var incarnation = nodes.TryGetValue(nodeId, out var before) ? before.Incarnation + 1 : 1;
        nodes[nodeId] = new Row(incarnation, address, NodeState.Joining, fingerprint, clock.GetTimestamp());
        return incarnation;
    });

    /// <inheritdoc/>
    public Task<ClusterView> BeatAsync(string nodeId, long incarnation, NodeState state, long time, CancellationToken cancellation)
    {
        var changed = false;
        var view = Run(nodeId, () =>
        {
            if (nodes.TryGetValue(nodeId, out var row) && row.Incarnation == incarnation)
            {
                changed = row.State != state;
                nodes[nodeId] = row with { State = state, BeatAt = clock.GetTimestamp() };
            }

            return View(nodeId, incarnation);
        });
        if (changed)
            Notify();
        return view;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ShardGrant>> ClaimAsync(string nodeId, IReadOnlyList<ShardOwnership> seen, CancellationToken cancellation) => Run<IReadOnlyList<ShardGrant>>(nodeId, () =>
    {
        var grants = new List<ShardGrant>();
        foreach (var shard in seen)
        {
            if (shards[shard.Shard] == shard)
                grants.Add(new ShardGrant(shard.Shard, Pass(shard.Shard, nodeId), 0));
        }

        return grants;
    });

    /// <inheritdoc/>
    public Task ReleaseAsync(string nodeId, IReadOnlyList<ShardGrant> grants, CancellationToken cancellation)
    {
        var done = Run(nodeId, () =>
        {
            foreach (var grant in grants)
            {
                if (shards[grant.Shard] == new ShardOwnership(grant.Shard, nodeId, grant.Epoch))
                    Pass(grant.Shard, null);
            }

            return true;
        });
        Notify();
        return done;
    }

    /// <inheritdoc/>
    public Task LeaveAsync(string nodeId, long incarnation, CancellationToken cancellation)
    {
        var done = Run(nodeId, () => nodes.TryGetValue(nodeId, out var row) && row.Incarnation == incarnation && nodes.Remove(nodeId));
        Notify();
        return done;
    }

    /// <inheritdoc/>
    public IDisposable Watch(Action changed)
    {
        watchers.Add(changed);
        return new Watching(() => watchers.Remove(changed));
    }

    private void Notify()
    {
        foreach (var changed in watchers.ToArray())
            changed();
    }

    private Task<T> Run<T>(string nodeId, Func<T> action)
        => CutOff.Contains(nodeId) ? Task.FromException<T>(new IOException("the store cannot be reached")) : Task.FromResult(action());

    private long Pass(int shard, string? owner)
    {
        shards[shard] = new ShardOwnership(shard, owner, shards[shard].Epoch + 1);
        journal.Fence(shard, shards[shard].Epoch);
        return shards[shard].Epoch;
    }

    private ClusterView View(string nodeId, long incarnation) => new(
        clock.GetUtcNow().ToUnixTimeMilliseconds(),
        (clock.GetUtcNow() - ClockBehind).ToUnixTimeMilliseconds(),
        [
            .. nodes.Where(n => n.Key != nodeId || n.Value.Incarnation == incarnation)
                .Select(n => new NodeStatus(n.Key, n.Value.Incarnation, n.Value.Address, n.Value.State, n.Value.Fingerprint, n.Value.BeatAt, clock.GetElapsedTime(n.Value.BeatAt))),
        ],
        [.. shards]);

    private sealed class Watching(Action end) : IDisposable
    {
        public void Dispose() => end();
    }

    private sealed record Row(long Incarnation, string Address, NodeState State, string Fingerprint, long BeatAt);
}
