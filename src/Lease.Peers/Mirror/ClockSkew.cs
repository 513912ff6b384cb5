using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Mirror;

/// <summary>
/// How far a server's clock is from this host's (RFC 7653 section 8.4; seed 001 section 2): each message's base time says it a little differently, so it follows slowly.
/// </summary>
/// <param name="time">This host's clock.</param>
/// <param name="known">What was known of it before, in seconds; null: nothing, so the clocks are taken for the same.</param>
public sealed class ClockSkew(TimeProvider time, double? known)
{
    // A difference of this many seconds is a step, not noise.
    private const double Step = 5;
    private const double Weight = 0.05;

    private double? skew = known;

    /// <summary>The server's time less this host's, in seconds.</summary>
    public double Seconds => skew ?? 0;

    /// <summary>Takes a message's base time (seconds since 2000).</summary>
    public void Note(uint baseTime)
    {
        var now = time.GetUtcNow();
        var seen = (DhcpTime.FromSeconds(baseTime, now) - now).TotalSeconds;

        // A base time is never ahead of what was sent, but may lie behind it: the largest difference is the nearest to the truth.
        skew = skew is not { } last || seen > last || last - seen > Step * 100 ? seen : last - seen < Step ? last + ((seen - last) * Weight) : last;
    }

    /// <summary>A moment of the server's clock (seconds since 2000) by this host's, in Unix seconds.</summary>
    public long ToLocal(uint serverSeconds) => (long)Math.Round((DhcpTime.FromSeconds(serverSeconds, time.GetUtcNow()) - TimeSpan.FromSeconds(Seconds)).ToUnixTimeMilliseconds() / 1000.0);
}
