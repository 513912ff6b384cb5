using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Kernel.Tests.Sharding;

/// <summary>Messages for shards that other nodes serve.</summary>
public sealed class ShardForwardingTests : TestKit.TestKit
{
    private readonly Forwarder forwarder = new();
    private readonly List<string> handled = [];
    private readonly ShardRegion region;

    public ShardForwardingTests()
    {
        region = ShardRegion.Start(Sys, "test", new ShardRegionOptions { ShardCount = 1 }, new Extractor(), (_, _) => new Entity(handled));
        region.Forwarder = forwarder;
    }

    [Fact]
    public void What_another_node_serves_goes_there_and_what_is_served_here_stays()
    {
        forwarder.Takes = true;
        region.Tell("one");
        region.StartShard(new ShardGrant(0, 1, 0), state: null);
        region.Tell("two");
        forwarder.Taken.ShouldBe(["one"]);
        handled.ShouldBe(["two"]);
    }

    [Fact]
    public void What_nobody_is_known_to_serve_waits_and_goes_to_the_owner_that_is_found()
    {
        region.Tell("one");
        region.Tell("two");
        forwarder.Taken.ShouldBeEmpty();
        region.ForwardUnserved();
        forwarder.Taken.ShouldBeEmpty();
        forwarder.Takes = true;
        region.ForwardUnserved();
        forwarder.Taken.ShouldBe(["one", "two"]);
        Time.Advance(TimeSpan.FromSeconds(2));
        Sys.Dropped(DropReason.ShardUnavailable).ShouldBe(0);
    }

    [Fact]
    public async Task What_comes_for_a_shard_that_was_given_up_goes_to_its_next_owner()
    {
        region.StartShard(new ShardGrant(0, 1, 0), state: null);
        region.Tell("one");
        await region.StopShardAsync(0);
        forwarder.Takes = true;
        region.Tell("two");
        handled.ShouldBe(["one"]);
        forwarder.Taken.ShouldBe(["two"]);
    }

    [Fact]
    public void What_no_owner_takes_in_time_is_dropped()
    {
        region.Tell("one");
        Time.Advance(TimeSpan.FromSeconds(2));
        Sys.Dropped(DropReason.ShardUnavailable).ShouldBe(1);
        forwarder.Takes = true;
        region.ForwardUnserved();
        forwarder.Taken.ShouldBeEmpty();
    }

    private sealed class Forwarder : IShardForwarder
    {
        public bool Takes { get; set; }

        public List<string> Taken { get; } = [];

        public bool TryForward(int shard, object message)
        {
            if (Takes)
                Taken.Add((string)message);
            return Takes;
        }
    }

    private sealed class Extractor : IMessageExtractor
    {
        public EntityKey? EntityKeyOf(object message) => message is string ? new EntityKey("key"u8) : null;
    }

    private sealed class Entity(List<string> handled) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is string text)
                handled.Add(text);
            else
                Context.Stop(Self);
        }
    }
}
