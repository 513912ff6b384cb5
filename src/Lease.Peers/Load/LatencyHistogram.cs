using System.Numerics;

namespace Lease.Peers.Load;

/// <summary>Counts durations in buckets that grow with them: 16 for each power of two of microseconds, so that a percentile is right within 7 %.</summary>
public sealed class LatencyHistogram
{
    private const int PerPower = 16;

    private readonly long[] buckets = new long[40 * PerPower];

    /// <summary>Durations counted.</summary>
    public long Count { get; private set; }

    /// <summary>Counts a duration. For one thread, or under a lock.</summary>
    public void Record(TimeSpan duration)
    {
        var microseconds = (ulong)Math.Max(1, duration.TotalMicroseconds);
        var power = BitOperations.Log2(microseconds);
        var within = power == 0 ? 0 : (int)(((microseconds - (1UL << power)) * PerPower) >> power);
        buckets[Math.Min((power * PerPower) + within, buckets.Length - 1)]++;
        Count++;
    }

    /// <summary>The duration that <paramref name="share"/> (0..1) of all do not exceed.</summary>
    public TimeSpan Percentile(double share)
    {
        var rank = (long)Math.Ceiling(share * Count);
        var seen = 0L;
        for (var i = 0; i < buckets.Length; i++)
        {
            seen += buckets[i];
            if (seen < rank || seen == 0)
                continue;
            var power = i / PerPower;
            return TimeSpan.FromMicroseconds((1UL << power) * (1 + (((i % PerPower) + 1) / (double)PerPower)));
        }

        return TimeSpan.Zero;
    }
}
