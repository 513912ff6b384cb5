using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Mirror;

/// <summary>
/// How far a server's clock is from this host's (RFC 7653 section 8.4; seed 001 section 8.4). A base time is never ahead of the server's clock but may lie behind it, so the largest
/// difference seen lately is the nearest to the truth. Safe to use from several threads.
/// </summary>
/// <param name="time">This host's clock.</param>
/// <param name="known">What was known of it before, in seconds; null: nothing, so the clocks are taken for the same.</param>
public sealed class ClockSkew(TimeProvider time, double? known)
{
    // A server that is idle says its time once a minute. A step back of its clock is followed after two windows at most.
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    // No server lags so far behind its own clock: one of the clocks was set.
    private const double Step = 500;

    private readonly Lock gate = new();
    private double? earlier = known;
    private double? latest;
    private long windowBegan = time.GetTimestamp();

    /// <summary>The server's time less this host's, in seconds.</summary>
    public double Seconds
    {
        get
        {
            lock (gate)
                return Math.Max(earlier ?? latest ?? 0, latest ?? earlier ?? 0);
        }
    }

    /// <summary>Takes a message's base time (seconds since 2000).</summary>
    public void Note(uint baseTime)
    {
        var now = time.GetUtcNow();
        var seen = (DhcpTime.FromSeconds(baseTime, now) - now).TotalSeconds;
        lock (gate)
        {
            if (Seconds - seen > Step)
                (earlier, latest) = (null, null);
            if (latest is not null && time.GetElapsedTime(windowBegan) > Window)
            {
                (earlier, latest) = (latest, null);
                windowBegan = time.GetTimestamp();
            }

            latest = latest is { } last && last > seen ? last : seen;
        }
    }

    /// <summary>A moment of the server's clock (seconds since 2000) by this host's, in Unix seconds.</summary>
    public long ToLocal(uint serverSeconds) => (long)Math.Round((DhcpTime.FromSeconds(serverSeconds, time.GetUtcNow()) - TimeSpan.FromSeconds(Seconds)).ToUnixTimeMilliseconds() / 1000.0);
}
