using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Cluster;

/// <summary>Nodes that come, go, freeze, are cut off and disagree: each shard has one owner, and only the owner's replies leave.</summary>
public sealed class ClusterScenarios : IAsyncDisposable
{
    private readonly TestDatabase database = new();
    private readonly List<TestNode> nodes = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    [Fact]
    public void The_first_node_serves_every_shard()
    {
        var first = Join("a");
        first.Region.ServedShards().Count.ShouldBe(TestDatabase.Shards);
        first.Ask(1);
        first.Replies.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_second_node_gets_its_share_at_once_and_nothing_else_moves()
    {
        var first = Join("a");
        var second = Join("b");
        await SettledAsync(first, second);
        second.Region.ServedShards().Count.ShouldBeInRange(2, TestDatabase.Shards - 2);
        database.Store.Shards.Where(static s => s.Owner == "a").ShouldAllBe(static s => s.Epoch == 1);
        var third = Join("c");
        await SettledAsync(first, second, third);
        third.Region.ServedShards().ShouldNotBeEmpty();
    }

    [Fact]
    public void The_shards_of_a_silent_node_are_claimed_after_four_seconds_and_not_before()
    {
        var (first, second) = Pair();
        var before = second.Region.ServedShards().Count;
        for (var i = 0; i < 3; i++)
            Pass(second);
        second.Region.ServedShards().Count.ShouldBe(before);
        Pass(second);
        second.Region.ServedShards().Count.ShouldBe(TestDatabase.Shards);
        first.Region.ServedShards().Count.ShouldBe(TestDatabase.Shards - before);
    }

    [Fact]
    public void A_node_looks_when_another_has_been_silent_for_four_seconds_whenever_its_own_beat_is()
    {
        var (first, second) = Pair();
        var before = second.Region.ServedShards().Count;

        // The last beat of the first is 0.3 s before one of the second, which learns its age from the store.
        Pass(TimeSpan.FromSeconds(0.7), first, second);
        Pass(TimeSpan.FromSeconds(0.3), first);
        Pass(TimeSpan.FromSeconds(0.3), second);
        for (var i = 0; i < 3; i++)
            Pass(second);
        Pass(TimeSpan.FromSeconds(0.6), second);
        second.Region.ServedShards().Count.ShouldBe(before);
        Pass(TimeSpan.FromSeconds(0.1), second);
        second.Region.ServedShards().Count.ShouldBe(TestDatabase.Shards);
    }

    // It may be set, and after a failover it is another machine's.
    [Fact]
    public void A_step_of_the_stores_clock_makes_nobody_seem_dead()
    {
        var (first, second) = Pair();
        var owners = database.Store.Shards.ToArray();
        database.Clock.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 10; i++)
            Pass(first, second);
        database.Store.Shards.ShouldBe(owners);
    }

    [Fact]
    public async Task The_commit_of_a_node_that_was_frozen_meanwhile_fails_and_no_reply_leaves()
    {
        var (first, second) = Pair();
        var clients = Enumerable.Range(1, 30).Select(static c => (byte)c).ToArray();
        database.Journal.HoldWrites = true;
        foreach (var client in clients)
            first.Ask(client);
        var held = database.Journal.WaitingWrites;
        held.ShouldBeInRange(5, clients.Length - 5);
        for (var i = 0; i < 5; i++)
            Pass(second);
        second.Region.ServedShards().Count.ShouldBe(TestDatabase.Shards);

        // The database had the commits before it all the time, and decides them now.
        database.Journal.DecideAll();
        database.Journal.HoldWrites = false;
        database.Journal.Decided.Count.ShouldBe(held);
        database.Journal.Decided.ShouldAllBe(static w => w.Outcome == JournalOutcome.Fenced);
        first.Replies.ShouldBeEmpty();

        // Awake again it gets its share again.
        await SettledAsync(first, second);
        foreach (var client in clients)
        {
            first.Ask(client);
            second.Ask(client);
        }

        first.RepliedTo.Concat(second.RepliedTo).Distinct().Count().ShouldBe(clients.Length);
    }

    [Fact]
    public void A_frozen_node_without_a_commit_under_way_finds_out_by_its_first_beat()
    {
        var (first, second) = Pair();
        for (var i = 0; i < 5; i++)
            Pass(second);
        database.Store.CutOff.Add("b");
        first.Time.Advance(TimeSpan.FromSeconds(1));
        first.Region.ServedShards().Count(s => database.Store.Shards[s].Owner != "a").ShouldBe(0);
    }

    [Fact]
    public async Task A_node_that_leaves_hands_over_at_once_and_what_it_has_begun_is_committed()
    {
        var (first, second) = Pair();
        database.Journal.HoldWrites = true;
        for (byte client = 1; client <= 30; client++)
            first.Ask(client);
        var begun = database.Journal.WaitingWrites;
        var leaving = first.LeaveAsync();
        leaving.IsCompleted.ShouldBeFalse();
        database.Journal.HoldWrites = false;
        database.Journal.DecideAll();
        await leaving.WaitAsync(TimeSpan.FromSeconds(10));
        first.Replies.Count.ShouldBe(begun);
        await SettledAsync(second);
        database.Store.Shards.ShouldAllBe(static s => s.Owner == "b");
    }

    [Fact]
    public async Task A_node_that_has_left_still_knows_where_packets_belong_and_is_not_seen()
    {
        var (first, second) = Pair();
        await first.LeaveAsync();
        await SettledAsync(second);
        first.Time.Advance(TimeSpan.FromSeconds(1));
        first.View!.Shards.ShouldAllBe(static s => s.Owner == "b");
        first.View.Nodes.ShouldHaveSingleItem().NodeId.ShouldBe("b");
        first.Region.ServedShards().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_node_with_another_configuration_serves_nothing_until_the_others_have_gone()
    {
        var first = Join("b");
        var other = Join("a", "other");
        Pass(first, other);
        other.Region.ServedShards().ShouldBeEmpty();
        first.Region.ServedShards().Count.ShouldBe(TestDatabase.Shards);
        await first.LeaveAsync();
        Pass(other);
        await SettledAsync(other);
    }

    [Fact]
    public async Task What_a_node_owned_before_its_restart_and_is_another_ones_now_is_given_up()
    {
        Join("a");
        database.Store.CutOff.Add("a");
        var second = Join("b");
        database.Store.CutOff.Clear();
        await SettledAsync(Join("a"), second);
    }

    [Fact]
    public async Task A_node_that_restarts_with_another_configuration_keeps_no_shard_from_the_others()
    {
        var (_, second) = Pair();
        var restarted = Join("a", "other");
        restarted.Region.ServedShards().ShouldBeEmpty();
        await SettledAsync(second);
    }

    [Fact]
    public async Task What_could_not_be_given_up_is_given_up_when_the_store_is_back()
    {
        var first = Join("a");
        database.Journal.HoldWrites = true;
        for (byte client = 1; client <= 30; client++)
            first.Ask(client);
        var second = Join("b");
        database.Store.CutOff.Add("a");
        database.Journal.HoldWrites = false;
        database.Journal.DecideAll();
        database.Store.Shards.ShouldContain(s => s.Owner == "a" && !first.Region.ServedShards().Contains(s.Shard));
        database.Store.CutOff.Clear();
        await SettledAsync(first, second);
    }

    [Fact]
    public async Task A_node_that_was_replaced_can_still_be_stopped()
    {
        var first = Join("a");
        Join("a");
        first.Time.Advance(TimeSpan.FromSeconds(1));
        await first.LeaveAsync();
    }

    [Fact]
    public void A_node_that_may_have_lost_its_shards_says_nothing_from_what_it_knows()
    {
        var only = Join("a");
        only.Ask(1);
        var answers = only.Answers;
        database.Store.CutOff.Add("a");
        for (var i = 0; i < 4; i++)
            Pass(only);

        // An ADVERTISE, and a NoBinding for a client that has a lease from another node by now.
        only.Send(MessageType.Solicit, 2, default);
        only.Send(MessageType.Renew, 3, default);
        only.Answers.ShouldBe(answers);
        database.Store.CutOff.Clear();
        Pass(only);
        only.Send(MessageType.Solicit, 2, default);
        only.Send(MessageType.Renew, 3, default);
        only.Answers.ShouldBe(answers + 2);
    }

    [Fact]
    public async Task A_node_that_is_cut_off_sends_packets_on_to_those_who_claim_its_shards()
    {
        var (first, second) = Pair();
        Pass(first, second);
        database.Store.CutOff.Add("a");
        for (var i = 0; i < 3; i++)
            Pass(first, second);
        first.Region.ServedShards().ShouldNotBeEmpty();
        Pass(first, second);
        first.Region.ServedShards().ShouldBeEmpty();
        first.View!.Shards.ShouldAllBe(static s => s.Owner == "b");
        second.Region.ServedShards().Count.ShouldBe(TestDatabase.Shards);
        database.Store.CutOff.Clear();
        await SettledAsync(first, second);
    }

    [Fact]
    public async Task A_node_alone_keeps_its_shards_when_it_is_cut_off()
    {
        var only = Join("a");
        database.Store.CutOff.Add("a");
        for (var i = 0; i < 10; i++)
            Pass(only);
        only.Region.ServedShards().Count.ShouldBe(TestDatabase.Shards);
        database.Store.CutOff.Clear();
        await SettledAsync(only);
    }

    [Fact]
    public async Task What_was_read_before_a_node_was_cut_off_is_not_answered_from_when_it_is_back()
    {
        var (first, second) = Pair();
        database.Journal.HoldLoads = true;
        for (var client = 1; client <= 20; client++)
            first.Send(MessageType.Renew, (byte)client, default);

        // Frozen, until the other node has its shards.
        for (var i = 0; i < 5; i++)
            Pass(second);
        second.Region.ServedShards().Count.ShouldBe(TestDatabase.Shards);
        var answers = first.Answers;
        database.Journal.HoldLoads = false;
        first.Time.Advance(TimeSpan.FromSeconds(1));
        database.Journal.ReleaseLoads();
        await SettledAsync(first, second);
        first.Answers.ShouldBe(answers);
    }

    [Fact]
    public async Task Two_processes_of_one_name_do_not_both_serve()
    {
        var first = Join("a");
        var second = Join("a");
        first.Time.Advance(TimeSpan.FromSeconds(1));
        first.IsReplaced.ShouldBeTrue();
        first.Region.ServedShards().ShouldBeEmpty();
        await SettledAsync(second);
        first.Ask(1);
        first.Replies.ShouldBeEmpty();
        second.Ask(1);
        second.Replies.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_node_that_is_replaced_before_it_serves_does_not_wait_for_ever()
    {
        var serving = Join("a");
        var waiting = Join("b", fingerprint: "other");
        await SettledAsync(serving);
        Join("b", fingerprint: "other");
        waiting.Time.Advance(TimeSpan.FromSeconds(1));
        waiting.IsReplaced.ShouldBeTrue();
        (await Should.ThrowAsync<IOException>(waiting.Placed)).Message.ShouldContain("another process has joined as b");
    }

    [Fact]
    public void A_node_that_nobody_replaced_serves_on_when_the_store_is_back()
    {
        var only = Join("a");
        database.Store.CutOff.Add("a");
        for (var i = 0; i < 10; i++)
            Pass(only);
        database.Store.CutOff.Clear();
        Pass(only);
        only.Region.ServedShards().Count.ShouldBe(TestDatabase.Shards);
        database.Store.Shards.ShouldAllBe(static s => s.Epoch == 2);
        only.Ask(1);
        only.Replies.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task After_any_course_of_events_each_shard_has_one_owner_and_no_address_two_clients(int seed)
    {
        var random = new Random(seed);
        var leases = new Dictionary<Protocol.Ipv6Address, byte>();
        for (var i = 0; i < 5; i++)
            Join($"node-{i}");
        for (var step = 0; step < 1500; step++)
        {
            var node = nodes[random.Next(nodes.Count)];
            switch (random.Next(8))
            {
                case 0:
                    database.Store.CutOff.Add(node.Name);
                    break;
                case 1:
                    database.Store.CutOff.Remove(node.Name);
                    break;
                case 2:
                    database.Clock.Advance(TimeSpan.FromSeconds(random.Next(1, 6)));
                    break;
                case 3 or 4:
                    node.Time.Advance(TimeSpan.FromSeconds(1));
                    break;
                default:
                    var client = (byte)random.Next(1, 200);
                    var sent = node.Replies.Count;
                    node.Ask(client);
                    for (var i = sent; i < node.Replies.Count; i++)
                    {
                        if (!leases.TryAdd(node.Replies[i], node.RepliedTo[i]))
                            leases[node.Replies[i]].ShouldBe(node.RepliedTo[i], $"step {step}");
                    }

                    break;
            }
        }

        leases.Count.ShouldBeGreaterThan(20);
        database.Store.CutOff.Clear();
        await SettledAsync([.. nodes]);
    }

    private TestNode Join(string name, string fingerprint = "same")
    {
        var node = new TestNode(name, database, fingerprint);
        nodes.Add(node);
        return node;
    }

    private (TestNode First, TestNode Second) Pair()
    {
        var (first, second) = (Join("a"), Join("b"));
        SettledAsync(first, second).GetAwaiter().GetResult();
        return (first, second);
    }

    // A second for the database and for those nodes.
    private void Pass(params TestNode[] running) => Pass(TimeSpan.FromSeconds(1), running);

    private void Pass(TimeSpan time, params TestNode[] running)
    {
        database.Clock.Advance(time);
        foreach (var node in running)
            node.Time.Advance(time);
    }

    // Shards are stopped on other threads: given the time, these nodes serve every shard as they are placed.
    private async Task SettledAsync(params TestNode[] running)
    {
        var names = running.Select(static n => n.Name).ToArray();
        for (var end = DateTime.UtcNow.AddSeconds(10); !IsSettled(running, names);)
        {
            if (DateTime.UtcNow > end)
                throw new TestKitException("not settled: " + string.Join(", ", database.Store.Shards.Select(s => $"{s.Shard} {s.Owner}")));
            foreach (var node in running)
                node.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }

    private bool IsSettled(TestNode[] running, string[] names)
        => database.Store.Shards.All(s => s.Owner == ShardPlacement.OwnerOf(s.Shard, names) && running.All(n => n.Region.ServedShards().Contains(s.Shard) == (n.Name == s.Owner)));
}
