using Lease.Kernel.Persistence;

namespace Lease.Actors.Cluster;

/// <summary>
/// For how long each node of the cluster has been silent, by this machine's monotonic clock: since its row was first seen as it is. The store's clock may be set, or be another machine's after a failover;
/// by it a node that lives could seem dead, and others would claim what it may still answer from (docs/decisions/0010). Not safe for several threads.
/// </summary>
/// <param name="maxError">How much earlier a node ends to answer than others may claim: the silence of none may be taken for longer than it is by more than this.</param>
public sealed class Heartbeats(TimeSpan maxError)
{
    private readonly Dictionary<string, Seen> seen = new(StringComparer.Ordinal);
    private (long StoreTime, long Answered)? before;

    /// <summary>The same view with each node's silence as it was observed here.</summary>
    /// <param name="view">What the store said.</param>
    /// <param name="asked">When it was asked, by <paramref name="time"/>: a node may have beaten since then.</param>
    /// <param name="time">The monotonic clock.</param>
    public ClusterView Observe(ClusterView view, long asked, TimeProvider time)
    {
        var answered = time.GetTimestamp();
        var isSteady = before is { } last && (TimeSpan.FromMilliseconds(view.At - last.StoreTime) - time.GetElapsedTime(last.Answered, answered)).Duration() < maxError;
        before = (view.At, answered);
        var nodes = new List<NodeStatus>(view.Nodes.Count);
        foreach (var node in view.Nodes)
        {
            if (!seen.TryGetValue(node.NodeId, out var beat) || beat.Incarnation != node.Incarnation || beat.BeatAt != node.BeatAt)
                seen[node.NodeId] = beat = new Seen(node.Incarnation, node.BeatAt, answered, AgeOf(node, isSteady));
            nodes.Add(node with { Silence = beat.SeenAt < asked ? beat.Age + time.GetElapsedTime(beat.SeenAt, asked) : beat.Age });
        }

        return view with { Nodes = nodes };
    }

    // A heartbeat was there for a while before it is seen. How long, the store's clock tells; since the look before, that is, and only if the clock went as this machine's has it is believed.
    private TimeSpan AgeOf(NodeStatus node, bool isSteady) => node.Silence < maxError || (isSteady && seen.ContainsKey(node.NodeId)) ? node.Silence : maxError;

    private readonly record struct Seen(long Incarnation, long BeatAt, long SeenAt, TimeSpan Age);
}
