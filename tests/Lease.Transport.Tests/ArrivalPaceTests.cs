using Lease.Kernel.TestKit;
using Lease.Transport.Udp;

namespace Lease.Transport.Tests;

public sealed class ArrivalPaceTests
{
    private readonly VirtualTime time = new();
    private readonly ArrivalPace pace;

    public ArrivalPaceTests() => pace = new ArrivalPace(time);

    [Fact]
    public void A_few_datagrams_are_taken_at_once_each()
        => Arrive(perSecond: 5_000, TimeSpan.FromSeconds(2)).ShouldBeFalse();

    [Fact]
    public void Those_that_come_fast_gather_and_no_longer_when_they_come_slowly()
    {
        Arrive(perSecond: 24_000, TimeSpan.FromSeconds(1)).ShouldBeTrue();
        Arrive(perSecond: 6_000, TimeSpan.FromMilliseconds(200)).ShouldBeFalse();
    }

    [Fact]
    public void A_burst_after_a_silence_is_taken_at_once()
    {
        time.Advance(TimeSpan.FromMinutes(1));
        pace.ShouldPause(200).ShouldBeFalse();
    }

    [Fact]
    public void A_sender_that_waits_for_its_answers_is_left_in_peace_for_a_second()
    {
        Arrive(perSecond: 40_000, TimeSpan.FromMilliseconds(200)).ShouldBeTrue();
        Arrive(perSecond: 12_000, TimeSpan.FromMilliseconds(100)).ShouldBeFalse();
        Arrive(perSecond: 40_000, TimeSpan.FromMilliseconds(800)).ShouldBeFalse();
        Arrive(perSecond: 40_000, TimeSpan.FromMilliseconds(300)).ShouldBeTrue();
    }

    // What is told last.
    private bool Arrive(int perSecond, TimeSpan span)
    {
        var pauses = false;
        for (var passed = TimeSpan.Zero; passed < span; passed += TimeSpan.FromMilliseconds(1))
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            pauses = pace.ShouldPause(perSecond / 1000);
        }

        return pauses;
    }
}
