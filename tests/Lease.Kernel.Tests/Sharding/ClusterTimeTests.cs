using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;

namespace Lease.Kernel.Tests.Sharding;

public sealed class ClusterTimeTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly VirtualTime store = new();
    private readonly SteppedTime local;
    private readonly ClusterTime time;

    public ClusterTimeTests()
    {
        local = new SteppedTime(store) { Step = Hour };
        time = new ClusterTime(local);
    }

    [Fact]
    public void Before_the_store_has_answered_it_is_the_machines()
    {
        time.GetUtcNow().ShouldBe(store.GetUtcNow() + Hour);
        time.LocalLead.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void It_is_the_stores_whatever_the_machines_clock_is_set_to()
    {
        Ask(TimeSpan.Zero, TimeSpan.Zero);
        time.GetUtcNow().ShouldBe(store.GetUtcNow(), TimeSpan.FromMilliseconds(2));
        time.LocalLead.ShouldBe(Hour, TimeSpan.FromMilliseconds(2));
        local.Step = -3 * Hour;
        store.Advance(TimeSpan.FromSeconds(10));
        time.GetUtcNow().ShouldBe(store.GetUtcNow(), TimeSpan.FromMilliseconds(2));
        time.LocalLead.ShouldBe(-3 * Hour, TimeSpan.FromMilliseconds(2));
    }

    [Fact]
    public void A_slow_answer_moves_it_no_further_than_it_must_and_never_away()
    {
        Ask(TimeSpan.Zero, TimeSpan.Zero);
        for (var i = 0; i < 100; i++)
        {
            Ask(TimeSpan.FromMilliseconds(7 * i), TimeSpan.FromMilliseconds(900 - (9 * i)));
            time.GetUtcNow().ShouldBe(store.GetUtcNow(), TimeSpan.FromMilliseconds(2));
        }
    }

    [Fact]
    public void Of_a_slow_answer_alone_it_knows_it_as_well_as_the_answer_was_quick()
    {
        Ask(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1));
        time.GetUtcNow().ShouldBe(store.GetUtcNow(), TimeSpan.FromSeconds(3.1));
        Ask(TimeSpan.Zero, TimeSpan.FromMilliseconds(5));
        time.GetUtcNow().ShouldBe(store.GetUtcNow(), TimeSpan.FromMilliseconds(6));
    }

    [Fact]
    public void Timestamps_and_timers_are_the_machines()
    {
        var fired = 0;
        using var timer = time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        var before = time.GetTimestamp();
        store.Advance(TimeSpan.FromSeconds(1));
        fired.ShouldBe(1);
        time.GetElapsedTime(before).ShouldBe(TimeSpan.FromSeconds(1));
    }

    private void Ask(TimeSpan before, TimeSpan after)
    {
        var asked = time.GetTimestamp();
        store.Advance(before);
        var said = store.GetUtcNow().ToUnixTimeMilliseconds();
        store.Advance(after);
        time.Follow(said, asked, time.GetTimestamp());
    }
}
