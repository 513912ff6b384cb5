namespace Lease.Peers.Client;

/// <summary>How a message is sent again (RFC 8415 section 15).</summary>
/// <param name="Initial">IRT.</param>
/// <param name="Max">MRT; zero: no upper bound.</param>
/// <param name="MaxCount">MRC; 0: no limit.</param>
public sealed record Retransmission(TimeSpan Initial, TimeSpan Max, int MaxCount = 0)
{
    /// <summary>
    /// From one beginning (SOLICIT, DHCPDISCOVER) to the next at least, also where a server answers at once and grants nothing, or leases
    /// that end at once. As long as REN_TIMEOUT, and as the wait of RFC 2131 section 3.1 item 5.
    /// </summary>
    public static TimeSpan LeastRestart { get; } = TimeSpan.FromSeconds(10);

    /// <summary>SOLICIT (section 18.2.1), with the SOL_MAX_RT that a server gave.</summary>
    public static Retransmission Solicit(TimeSpan max) => new(TimeSpan.FromSeconds(1), max);

    /// <summary>REQUEST (section 18.2.2).</summary>
    public static Retransmission Request { get; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), 10);

    /// <summary>RENEW and REBIND (sections 18.2.4 and 18.2.5).</summary>
    public static Retransmission Renew { get; } = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(600));

    /// <summary>RELEASE (section 18.2.7).</summary>
    public static Retransmission Release { get; } = new(TimeSpan.FromSeconds(1), TimeSpan.Zero, 4);

    /// <summary>The first timeout: IRT and a tenth of it more or less; for SOLICIT only more.</summary>
    public TimeSpan First(Random random, bool onlyLater = false) => Initial + (Initial * (onlyLater ? random.NextDouble() * 0.1 : Rand(random)));

    /// <summary>The timeout after <paramref name="previous"/>: twice as long, within MRT.</summary>
    public TimeSpan Next(TimeSpan previous, Random random)
    {
        var next = (2 * previous) + (previous * Rand(random));
        return Max > TimeSpan.Zero && next > Max ? Max + (Max * Rand(random)) : next;
    }

    private static double Rand(Random random) => (random.NextDouble() * 0.2) - 0.1;
}
