using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Actors.Cluster;

/// <content>What becomes of this node's packets while it does not reach the store.</content>
public sealed partial class ClusterMember
{
    // A store that is lost in silence answers nothing for as long as the patience with it lasts. The others do not wait for that: when they
    // may have claimed what this node serves, its packets are sent on to them. Not before: a store may only stall for some seconds, and
    // what it commits then is answered. The answer still counts when it comes (docs/decisions/0010).
    private async Task<T> AnswerAsync<T>(Task<T> answer)
    {
        await AnswerAsync((Task)answer);
        return await answer;
    }

    private async Task AnswerAsync(Task answer)
    {
        if (region.Tenure is { } tenure)
        {
            try
            {
                await answer.WaitAsync(tenure.Left + Margin, Context.System.TimeProvider);
            }
            catch (TimeoutException)
            {
                AssumeClaimed();
            }
        }

        await answer;
    }

    // The others that reach the store claim now what this node had, by the same placement.
    private void AssumeClaimed()
    {
        var others = known?.Nodes.Where(n => n.NodeId != node.NodeId && n is { IsAlive: true, State: NodeState.Up }).ToArray() ?? [];
        if (served.Count == 0 || others.Length == 0)
            return;
        var names = Array.ConvertAll(others, static n => n.NodeId);
        var shards = known!.Shards.Select(s => IsOwn(s) ? s with { Owner = ShardPlacement.OwnerOf(s.Shard, names) } : s).ToArray();
        foreach (var shard in served.Keys)
            region.LoseShard(shard);
        logger.Lost(node.NodeId, served.Count);
        served.Clear();
        node.Viewed(known with { Nodes = others, Shards = shards });

        bool IsOwn(ShardOwnership shard) => served.ContainsKey(shard.Shard) || shard.Owner == node.NodeId;
    }
}
