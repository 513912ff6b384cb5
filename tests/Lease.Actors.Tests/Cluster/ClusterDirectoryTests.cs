using Lease.Actors.Cluster;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Actors.Tests.Cluster;

public sealed class ClusterDirectoryTests
{
    private readonly ClusterDirectory directory = new("n1", shardCount: 5);

    [Fact]
    public void Shards_of_others_that_live_and_have_links_are_theirs()
    {
        Update([Node("n1", "a1"), Node("n2", "a2"), Node("n3", ""), Node("n4", "a4", NodeStatus.MaxSilence)], "n1", "n2", "n3", "n4", null).ShouldBeEmpty();
        Owners().ShouldBe([null, new NodeAddress("n2", "a2"), null, null, null]);
    }

    [Fact]
    public void Who_is_gone_or_elsewhere_or_has_become_another_is_named_once()
    {
        Update([Node("n2", "a2"), Node("n3", "a3"), Node("n4", "a4"), Node("n5", "a5")], "n2", "n2", "n3", "n4", "n5").ShouldBeEmpty();

        // n2 has moved, n3 is dead, n6 has n4's address, and n5 has given its shard up.
        Update([Node("n2", "b2"), Node("n6", "a4"), Node("n5", "a5")], "n2", "n2", "n6", "n6", "n6")
            .ShouldBe([new NodeAddress("n2", "a2"), new NodeAddress("n3", "a3"), new NodeAddress("n4", "a4")], ignoreOrder: true);
        Owners().ShouldBe([new NodeAddress("n2", "b2"), new NodeAddress("n2", "b2"), new NodeAddress("n6", "a4"), new NodeAddress("n6", "a4"), new NodeAddress("n6", "a4")]);
    }

    private IReadOnlyList<NodeAddress> Update(IReadOnlyList<NodeStatus> nodes, params string?[] owners)
        => directory.Update(new ClusterView(0, 0, nodes, [.. owners.Select(static (owner, shard) => new ShardOwnership(shard, owner, 1))]));

    private NodeAddress?[] Owners() => [.. Enumerable.Range(0, 5).Select(directory.OwnerOf)];

    private static NodeStatus Node(string id, string address, TimeSpan silence = default) => new(id, 1, address, NodeState.Up, "", 0, silence);
}
