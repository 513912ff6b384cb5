using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Cluster;

/// <summary>
/// This node's part in the cluster: says each second that it lives, claims the shards that are its own by <see cref="ShardPlacement"/>, and gives up those that are not. No node decides
/// for another: a claim is a compare-and-set in the store. Owner: the server; lives as long as it. Invariant: a shard is served only with the epoch of this node's own claim.
/// </summary>
public sealed partial class ClusterMember : ReceiveActor
{
    private const long NoIncarnation = 0;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // An answer that is on its way when the time ends shall not be overtaken by another node's.
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(500);

    // Of clocks that somebody should look after; half of it, that they agree again.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(1);

    private readonly ClusterNode node;
    private readonly IShardStore store;
    private readonly ShardRegion region;
    private readonly Func<ShardGrant, object?> newState;
    private readonly ILogger logger;
    private readonly Heartbeats heartbeats = new(Margin);
    private readonly Dictionary<int, ShardGrant> served = [];
    private readonly HashSet<ShardGrant> stopping = [];
    private readonly List<ShardGrant> toRelease = [];
    private NodeState state = NodeState.Joining;
    private long incarnation;
    private bool reachable = true;
    private ClusterView? known;
    private bool clockAgrees = true;
    private bool storeClockAgrees = true;
    private IDisposable? watching;
    private string? disagreement;

    /// <summary>Makes the member.</summary>
    /// <param name="node">Who it is.</param>
    /// <param name="store">The cluster's store.</param>
    /// <param name="region">Serves the shards.</param>
    /// <param name="newState">What the entities of a shard share, see <see cref="ShardContext.State"/>.</param>
    /// <param name="logger">One line for each change.</param>
    public ClusterMember(ClusterNode node, IShardStore store, ShardRegion region, Func<ShardGrant, object?> newState, ILogger logger)
    {
        this.node = node;
        this.store = store;
        this.region = region;
        this.newState = newState;
        this.logger = logger;
        ReceiveAsync<Beat>(_ => BeatAsync());
        Receive<ShardLost>(OnLost);
        Receive<Stopped>(OnStopped);
        ReceiveAsync<Release>(_ => ReleaseAsync());
        ReceiveAsync<LeaveCluster>(_ => LeaveAsync(Sender));
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe<ShardLost>(Self);
        var self = Self;
        watching = store.Watch(() => self.Tell(Beat.Instance));
        Context.Timers.StartPeriodicTimer(nameof(Beat), Beat.Instance, Interval);
        Self.Tell(Beat.Instance);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        watching?.Dispose();
        node.Placed.TrySetCanceled();
        StopServing();
    }

    // It may be this node's own still, with a commit whose outcome is unknown: then it is claimed anew at once.
    private void OnLost(ShardLost lost)
    {
        served.Remove(lost.Shard);
        Self.Tell(Beat.Instance);
    }

    private async Task BeatAsync()
    {
        try
        {
            if (incarnation == NoIncarnation)
                incarnation = await AnswerAsync(store.JoinAsync(node.NodeId, node.Address, node.Fingerprint, CancellationToken.None));
            var time = Context.System.TimeProvider;
            var sent = time.GetTimestamp();
            var answer = await AnswerAsync(store.BeatAsync(node.NodeId, incarnation, state, TimeOfCluster(), CancellationToken.None));
            var view = heartbeats.Observe(answer, sent, time);
            node.Time?.Follow(view.At, sent, time.GetTimestamp());
            CompareClocks(view);
            AwaitSilence(view);
            if (!reachable)
                logger.StoreReachable();
            reachable = true;
            var isMember = Find(view, node.NodeId) is not null;
            LoseWhatIsUncertain(view, isMember);
            if (!isMember)
            {
                EndReplaced();
                return;
            }

            region.Tenure?.Prolong(sent, NodeStatus.MaxSilence - Margin);
            if (region.Tenure is { IsValid: false })
            {
                // The answer itself took too long, and so is old: the next one decides.
                Self.Tell(Beat.Instance);
                return;
            }

            if (TrySettle(view))
                await PlaceAsync(view);
            known = view;
            node.Viewed(view);
        }
        catch (IOException e)
        {
            // What is served stays for now: nobody commits while the store cannot be reached, and the tenure ends before others may claim.
            if (reachable)
                logger.StoreUnreachable(e.Message);
            reachable = false;
            node.Placed.TrySetException(e);
            if (region.Tenure is { IsValid: false })
                AssumeClaimed();
        }
    }

    // Before the store has said what time it is, the node has only its machine's.
    private long TimeOfCluster() => known is null ? 0 : node.Time?.GetUtcNow().ToUnixTimeMilliseconds() ?? 0;

    private void CompareClocks(ClusterView view)
    {
        var behind = TimeSpan.FromMilliseconds(view.At - view.Clock);
        if (storeClockAgrees != behind < ClockTolerance)
        {
            storeClockAgrees = !storeClockAgrees;
            if (storeClockAgrees)
                logger.StoreClockAgrees();
            else
                logger.StoreClockBehind(Math.Round(behind.TotalSeconds, 1));
        }

        var lead = node.Time?.LocalLead ?? TimeSpan.Zero;
        var agrees = lead.Duration() < (clockAgrees ? ClockTolerance : ClockTolerance / 2);
        if (agrees == clockAgrees)
            return;
        clockAgrees = agrees;
        if (agrees)
            logger.ClockAgrees();
        else
            logger.ClockDiffers(Math.Round(lead.TotalSeconds, 1));
    }

    // Looks when the first of the others would be dead, not up to a second later: its clients wait.
    private void AwaitSilence(ClusterView view)
    {
        var longest = TimeSpan.Zero;
        foreach (var other in view.Nodes)
        {
            if (other.IsAlive && other.NodeId != node.NodeId && other.Silence > longest)
                longest = other.Silence;
        }

        if (longest > TimeSpan.Zero)
            Context.Timers.StartSingleTimer(nameof(AwaitSilence), Beat.Instance, NodeStatus.MaxSilence - longest);
    }

    // Before anything is answered again: what came to this node's actors while it was cut off may have been read long ago. After a silence in which others might have claimed the shards also those
    // that seem to be this node's are claimed anew: a claim of another node may be under way, and of two claims of one epoch one fails.
    private void LoseWhatIsUncertain(ClusterView view, bool isMember)
    {
        var isUncertain = !isMember || region.Tenure is { IsValid: false };
        var before = served.Count;
        foreach (var shard in view.Shards)
        {
            if (!served.TryGetValue(shard.Shard, out var grant) || (!isUncertain && shard.Owner == node.NodeId && shard.Epoch == grant.Epoch))
                continue;
            served.Remove(shard.Shard);
            region.LoseShard(shard.Shard);
        }

        if (served.Count < before)
            logger.Lost(node.NodeId, before - served.Count);
    }

    private void EndReplaced()
    {
        logger.Replaced(node.NodeId);
        BecomeEnded();
        node.Placed.TrySetException(new IOException($"another process has joined as {node.NodeId}"));
        node.Replaced();
    }

    // Whether the view is to be acted on: the state of this node is what the others know.
    private bool TrySettle(ClusterView view)
    {
        var other = view.Nodes.FirstOrDefault(Disagrees);
        if (other?.NodeId != disagreement)
        {
            disagreement = other?.NodeId;
            if (other is not null)
                logger.Disagrees(node.NodeId, other.NodeId);
        }

        if (other is not null)
            state = NodeState.Joining;
        if (other is not null || state != NodeState.Joining)
            return true;
        state = NodeState.Up;
        Self.Tell(Beat.Instance);
        return false;
    }

    // A node that serves already stays; of two that came together the one with the lesser name does.
    private bool Disagrees(NodeStatus other)
        => other.NodeId != node.NodeId && other.IsAlive && other.State == NodeState.Up && other.Fingerprint != node.Fingerprint
            && (state == NodeState.Joining || string.CompareOrdinal(other.NodeId, node.NodeId) < 0);

    private async Task PlaceAsync(ClusterView view)
    {
        var up = view.Nodes.Where(static n => n is { IsAlive: true, State: NodeState.Up }).Select(static n => n.NodeId).ToArray();
        var wanted = new List<ShardOwnership>();
        var left = new List<ShardGrant>();
        foreach (var shard in view.Shards)
        {
            var mine = state == NodeState.Up && ShardPlacement.OwnerOf(shard.Shard, up) == node.NodeId;
            if (served.TryGetValue(shard.Shard, out var grant))
            {
                if (!mine)
                    HandOver(grant);
            }
            else if (mine && MayBeClaimed(shard, view))
            {
                wanted.Add(shard);
            }
            else if (!mine && shard.Owner == node.NodeId && !IsStopping(shard.Shard))
            {
                // Of an incarnation before this one, or not given up when the store could not be reached: nobody else may claim it while this node lives.
                left.Add(new ShardGrant(shard.Shard, shard.Epoch, 0));
            }
        }

        if (left.Count > 0)
            await AnswerAsync(store.ReleaseAsync(node.NodeId, left, CancellationToken.None));
        if (wanted.Count > 0)
        {
            foreach (var grant in await AnswerAsync(store.ClaimAsync(node.NodeId, wanted, CancellationToken.None)))
            {
                served.Add(grant.Shard, grant);
                region.StartShard(grant, newState(grant));
            }

            logger.Claimed(node.NodeId, served.Count, view.Shards.Count, up.Length);
        }

        if (state == NodeState.Up)
            node.Placed.TrySetResult();
    }

    private bool IsStopping(int shard) => stopping.Any(g => g.Shard == shard);

    private bool MayBeClaimed(ShardOwnership shard, ClusterView view)
        => !IsStopping(shard.Shard)
            && (shard.Owner is not { } owner || owner == node.NodeId || Find(view, owner) is not { IsAlive: true });

    private void StopServing()
    {
        foreach (var shard in served.Keys)
            region.StopShard(shard, static () => { });
        served.Clear();
    }

    private static NodeStatus? Find(ClusterView view, string nodeId) => view.Nodes.FirstOrDefault(n => n.NodeId == nodeId);

    private sealed class Beat
    {
        public static readonly Beat Instance = new();
    }

    private sealed record Stopped(ShardGrant Grant);

    private sealed class Release
    {
        public static readonly Release Instance = new();
    }
}
