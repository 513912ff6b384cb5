namespace Lease.Protocol.Dhcp6;

/// <summary>The two ways in which DHCPv6 tells time: seconds of a lifetime, and absolute seconds since 2000-01-01T00:00:00Z.</summary>
public static class DhcpTime
{
    /// <summary>The lifetime that never ends (RFC 8415 section 7.7).</summary>
    public const uint Infinity = uint.MaxValue;

    /// <summary>Second 0 of DUID-LLT (RFC 8415 section 11.2) and of the LQ_*_TIME options (RFC 7653 section 6.2).</summary>
    public static DateTimeOffset Epoch { get; } = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Seconds since <see cref="Epoch"/>, modulo 2^32; parts of a second are dropped.</summary>
    public static uint ToSeconds(DateTimeOffset time) => (uint)(long)Math.Floor((time - Epoch).TotalSeconds);

    /// <summary>The moment nearest to <paramref name="now"/> that has these <paramref name="seconds"/> modulo 2^32 (which wrap in 2136).</summary>
    public static DateTimeOffset FromSeconds(uint seconds, DateTimeOffset now)
    {
        var current = (long)Math.Floor((now - Epoch).TotalSeconds);
        var difference = (int)(seconds - (uint)current);
        return Epoch.AddSeconds(current + difference);
    }

    /// <summary>A lifetime for people: <c>3600s</c> or <c>infinity</c>.</summary>
    public static string LifetimeText(uint seconds) => seconds == Infinity ? "infinity" : $"{seconds}s";
}
