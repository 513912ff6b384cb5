using Lease.Kernel.TestKit;
using Lease.Peers.Mirror;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Tests.Mirror;

/// <summary>Seed 001 section 8.4 (RFC 7653 section 8.4).</summary>
public sealed class ClockSkewTests
{
    private readonly VirtualTime time = new();

    [Fact]
    public void Clocks_are_taken_for_the_same_until_a_server_has_said_its_time() => new ClockSkew(time, known: null).Seconds.ShouldBe(0);

    [Fact]
    public void A_base_time_that_lags_behind_does_not_count()
    {
        var skew = new ClockSkew(time, known: null);
        Note(skew, 100);
        Note(skew, 40);
        skew.Seconds.ShouldBe(100);
        Note(skew, 103);
        skew.Seconds.ShouldBe(103);
    }

    [Fact]
    public void A_clock_that_was_set_back_a_little_is_followed_within_ten_minutes()
    {
        var skew = new ClockSkew(time, known: 100);
        for (var minute = 0; minute < 12; minute++)
        {
            Note(skew, 40);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        skew.Seconds.ShouldBe(40);
    }

    [Fact]
    public void A_clock_that_was_set_back_far_or_forward_is_followed_at_once()
    {
        var skew = new ClockSkew(time, known: 0);
        Note(skew, -4000);
        skew.Seconds.ShouldBe(-4000);
        Note(skew, 9000);
        skew.Seconds.ShouldBe(9000);
        skew.ToLocal(DhcpTime.ToSeconds(time.GetUtcNow())).ShouldBe(time.GetUtcNow().ToUnixTimeSeconds() - 9000);
    }

    private void Note(ClockSkew skew, int seconds) => skew.Note(DhcpTime.ToSeconds(time.GetUtcNow() + TimeSpan.FromSeconds(seconds)));
}
