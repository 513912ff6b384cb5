namespace Lease.Actors.Leasequery;

/// <summary>What is counted of leasequery.</summary>
public enum LeasequeryCount
{
    /// <summary>LEASEQUERYs over UDP from a requestor that is named.</summary>
    UdpReceived,

    /// <summary>LEASEQUERY-REPLYs over UDP.</summary>
    UdpAnswered,

    /// <summary>LEASEQUERY-REPLYs over UDP with a cookie.</summary>
    UdpContinued,

    /// <summary>Queries over UDP or connections from a source that is not named.</summary>
    NotNamed,

    /// <summary>Queries over UDP that came through an address that is not named on their way to a relay that is.</summary>
    RelayNotNamed,

    /// <summary>Queries by a way or of a type that the requestor may not use.</summary>
    NotAllowed,

    /// <summary>Queries beyond the requestor's rate.</summary>
    RateLimited,

    /// <summary>Queries that a full queue dropped.</summary>
    Overload,

    /// <summary>Queries that RFC 5007 section 4.2.1 says to discard.</summary>
    Invalid,

    /// <summary>Queries answered with an error status.</summary>
    Refused,

    /// <summary>Answers that could not be sent.</summary>
    NotSent,

    /// <summary>Connections that were served.</summary>
    Connections,

    /// <summary>Connections refused because there were too many.</summary>
    TooManyConnections,

    /// <summary>Bulk queries begun.</summary>
    BulkQueries,

    /// <summary>Active queries begun.</summary>
    ActiveQueries,

    /// <summary>CLIENT_DATA options sent, over UDP and TCP.</summary>
    ClientsSent,

    /// <summary>Times that an active requestor did not take its updates and was sent the current state later.</summary>
    FellBehind,

    /// <summary>DataMissing sent.</summary>
    DataMissing,

    /// <summary>Connections ended because the requestor took nothing for too long.</summary>
    SendTimeouts,

    /// <summary>Rows that could not be told: damaged, or too large for a message.</summary>
    Unreadable,
}

/// <summary>Counters of leasequery; each only grows, and may be read from any thread.</summary>
public sealed class LeasequeryCounters
{
    private readonly long[] counts = new long[Enum.GetValues<LeasequeryCount>().Length];

    /// <summary>The figure.</summary>
    public long this[LeasequeryCount count] => Interlocked.Read(ref counts[(int)count]);

    /// <summary>Adds to a figure.</summary>
    public void Add(LeasequeryCount count, long number = 1) => Interlocked.Add(ref counts[(int)count], number);

    /// <summary>Every figure that is not zero: <c>leasequery.</c> and its name.</summary>
    public IEnumerable<(string Name, long Value)> NonZero()
    {
        foreach (var count in Enum.GetValues<LeasequeryCount>())
        {
            if (this[count] is not 0 and var value)
                yield return ($"leasequery.{System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(count.ToString())}", value);
        }
    }
}
