using Lease.Actors.Cluster;
using Lease.Kernel.Persistence;
using Lease.Kernel.TestKit;

namespace Lease.Actors.Tests.Cluster;

public sealed class HeartbeatsTests
{
    private static readonly TimeSpan MaxError = TimeSpan.FromSeconds(0.5);

    private readonly VirtualTime time = new();
    private readonly Heartbeats heartbeats = new(MaxError);

    [Fact]
    public void Who_does_not_beat_is_silent_for_as_long_as_it_was_looked_whatever_the_store_says()
    {
        Look(storeTime: 1000, beatAt: 1000).ShouldBe(TimeSpan.Zero);
        time.Advance(TimeSpan.FromSeconds(3));
        Look(storeTime: 9_000_000, beatAt: 1000).ShouldBe(TimeSpan.FromSeconds(3));
        time.Advance(TimeSpan.FromSeconds(2));
        Look(storeTime: 2000, beatAt: 1000).ShouldBe(TimeSpan.FromSeconds(5));
        Look(storeTime: 2000, beatAt: 1500).ShouldBe(MaxError);
    }

    [Fact]
    public void How_old_a_heartbeat_is_when_it_is_seen_the_stores_clock_tells_if_it_goes_as_this_machines()
    {
        Look(storeTime: 10_000, beatAt: 9_000).ShouldBe(MaxError);
        time.Advance(TimeSpan.FromSeconds(1));
        Look(storeTime: 11_000, beatAt: 10_100).ShouldBe(TimeSpan.FromSeconds(0.9));
        time.Advance(TimeSpan.FromSeconds(1));
        Look(storeTime: 15_000, beatAt: 11_100).ShouldBe(MaxError);
    }

    [Fact]
    public void What_the_store_said_before_this_process_stood_still_makes_nobody_silent()
    {
        Look(storeTime: 1000, beatAt: 1000);
        var asked = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(6));
        Look(storeTime: 1000, beatAt: 1000, asked).ShouldBe(TimeSpan.Zero);
    }

    private TimeSpan Look(long storeTime, long beatAt, long? asked = null)
    {
        var node = new NodeStatus("other", 1, "", NodeState.Up, "", beatAt, TimeSpan.FromMilliseconds(Math.Max(0, storeTime - beatAt)));
        return heartbeats.Observe(new ClusterView(storeTime, storeTime, [node], []), asked ?? time.GetTimestamp(), time).Nodes[0].Silence;
    }
}
