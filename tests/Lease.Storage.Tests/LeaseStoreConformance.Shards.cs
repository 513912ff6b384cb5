using Lease.Kernel.Persistence;

namespace Lease.Storage.Tests;

/// <content>Nodes and the ownership of shards.</content>
public abstract partial class LeaseStoreConformance
{
    [Fact]
    public async Task A_node_finds_itself_alive_with_what_it_said_and_every_shard_with_its_owner()
    {
        var incarnation = await Store.JoinAsync("node-1", "[2001:db8::1]:5460", "f1", CancellationToken.None);
        var view = await Store.BeatAsync("node-1", incarnation, NodeState.Up, 0, CancellationToken.None);
        view.Nodes.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            node => node.IsAlive.ShouldBeTrue(),
            node => (node.NodeId, node.Incarnation, node.Address, node.State, node.Fingerprint).ShouldBe(("node-1", incarnation, "[2001:db8::1]:5460", NodeState.Up, "f1")));
        view.Shards.ShouldBe(Enumerable.Range(0, Shards).Select(s => new ShardOwnership(s, "node-1", Epochs[s])));
        (await Store.BeatAsync("node-1", incarnation, NodeState.Leaving, 0, CancellationToken.None)).Nodes.ShouldHaveSingleItem().State.ShouldBe(NodeState.Leaving);
    }

    [Fact]
    public async Task A_new_incarnation_replaces_the_one_before()
    {
        var first = await Store.JoinAsync("node-1", "", "", CancellationToken.None);
        var second = await Store.JoinAsync("node-1", "", "", CancellationToken.None);
        second.ShouldBeGreaterThan(first);
        (await Store.BeatAsync("node-1", first, NodeState.Up, 0, CancellationToken.None)).Nodes.ShouldNotContain(static n => n.NodeId == "node-1");
        (await Store.BeatAsync("node-1", second, NodeState.Up, 0, CancellationToken.None)).Nodes.ShouldContain(n => n.Incarnation == second);
    }

    [Fact]
    public async Task Of_two_claims_of_a_shard_as_it_was_seen_the_first_gets_it()
    {
        var seen = await SeenAsync();
        (await Store.ClaimAsync("node-1", [seen[2]], CancellationToken.None)).ShouldHaveSingleItem().ShouldBe(new ShardGrant(2, seen[2].Epoch + 1, 0));
        (await Store.ClaimAsync("node-1", [seen[2], seen[3]], CancellationToken.None)).ShouldHaveSingleItem().Shard.ShouldBe(3);
        var now = await SeenAsync();
        (now[1], now[2].Epoch, now[3].Epoch).ShouldBe((seen[1], seen[2].Epoch + 1, seen[3].Epoch + 1));
    }

    [Fact]
    public async Task Only_what_a_node_still_owns_is_given_up()
    {
        var seen = await SeenAsync();
        var claimed = (await Store.ClaimAsync("node-1", [seen[1]], CancellationToken.None))[0];
        await Store.ReleaseAsync("node-1", [claimed with { Epoch = claimed.Epoch - 1 }], CancellationToken.None);
        await Store.ReleaseAsync("node-2", [claimed], CancellationToken.None);
        (await SeenAsync())[1].ShouldBe(new ShardOwnership(1, "node-1", claimed.Epoch));
        await Store.ReleaseAsync("node-1", [claimed], CancellationToken.None);
        (await SeenAsync())[1].ShouldBe(new ShardOwnership(1, null, claimed.Epoch + 1));
    }

    private async Task<IReadOnlyList<ShardOwnership>> SeenAsync() => (await Store.BeatAsync("node-1", 0, NodeState.Up, 0, CancellationToken.None)).Shards;
}
