using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Actors.Cluster;

/// <content>Giving shards up, one by one or all of them.</content>
public sealed partial class ClusterMember
{
    // What the shard's entities have begun is committed first; what comes meanwhile waits for the next owner.
    private void HandOver(ShardGrant grant)
    {
        served.Remove(grant.Shard);
        stopping.Add(grant);
        var self = Self;
        region.StopShard(grant.Shard, () => self.Tell(new Stopped(grant)));
    }

    // Shards stop together: those whose messages wait behind this one are given up in one transaction.
    private void OnStopped(Stopped stopped)
    {
        if (toRelease.Count == 0)
            Self.Tell(Release.Instance);
        toRelease.Add(stopped.Grant);
    }

    private async Task ReleaseAsync()
    {
        var grants = toRelease.ToArray();
        toRelease.Clear();
        stopping.ExceptWith(grants);
        try
        {
            await AnswerAsync(store.ReleaseAsync(node.NodeId, grants, CancellationToken.None));
        }
        catch (IOException e)
        {
            // They are this node's own still, and a later beat claims them again or gives them up again.
            logger.NotReleased(grants.Length, e.Message);
        }
    }

    private async Task LeaveAsync(IActorRef sender)
    {
        state = NodeState.Leaving;
        try
        {
            // Now the others know that they are to claim what is given up.
            if (incarnation != NoIncarnation)
                await AnswerAsync(store.BeatAsync(node.NodeId, incarnation, state, TimeOfCluster(), CancellationToken.None));
        }
        catch (IOException e)
        {
            logger.StoreUnreachable(e.Message);
        }

        Become(() =>
        {
            ReceiveAsync<Beat>(_ => LookAsync());
            Receive<ShardLost>(lost => served.Remove(lost.Shard));
            Receive<Stopped>(OnStopped);
            ReceiveAsync<Release>(async _ =>
            {
                await ReleaseAsync();
                await EndAsync(sender);
            });
        });
        foreach (var grant in served.Values.ToArray())
            HandOver(grant);
        await EndAsync(sender);
    }

    private async Task EndAsync(IActorRef sender)
    {
        if (stopping.Count > 0 || toRelease.Count > 0)
            return;
        try
        {
            await store.LeaveAsync(node.NodeId, incarnation, CancellationToken.None);
        }
        catch (IOException e)
        {
            logger.NotLeft(e.Message);
        }

        BecomeEnded();
        sender.Tell(LeftCluster.Instance);
    }

    private void BecomeEnded() => Become(() =>
    {
        ReceiveAsync<Beat>(_ => LookAsync());
        Receive<LeaveCluster>(_ => Sender.Tell(LeftCluster.Instance));
    });

    // For the packets that still come to this node: who has its shards now. Nothing is said of this one.
    private async Task LookAsync()
    {
        try
        {
            var time = Context.System.TimeProvider;
            var asked = time.GetTimestamp();
            node.Viewed(heartbeats.Observe(await store.BeatAsync(node.NodeId, NoIncarnation, state, TimeOfCluster(), CancellationToken.None), asked, time));
        }
        catch (IOException)
        {
            // Their clients send them again, to another node.
        }
    }
}
