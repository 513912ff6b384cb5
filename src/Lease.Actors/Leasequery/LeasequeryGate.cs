using System.Net;
using Lease.Actors.Configuration;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Leasequery;

/// <summary>Decides who may ask. Whoever may not is counted, and named in the log once a minute.</summary>
/// <param name="time">The clock.</param>
/// <param name="counters">Where it is counted.</param>
/// <param name="logger">Where it is said.</param>
public sealed class LeasequeryGate(TimeProvider time, LeasequeryCounters counters, ILogger logger)
{
    private readonly RateLimiter limiter = new(time);
    private long nextWarning;

    /// <summary>Finds the requestor at <paramref name="address"/>, and whether it may ask by this way.</summary>
    public Requestor? Admit(LeasequeryConfiguration configuration, IPAddress address, LeasequeryAccess way)
    {
        var requestor = configuration.FindRequestor(address);
        if (requestor is null)
            Refuse(address, LeasequeryCount.NotNamed, "no requestor is named for this address (Lease.leasequery.requestors)");
        else if ((requestor.Access & way) == LeasequeryAccess.None)
            Refuse(address, LeasequeryCount.NotAllowed, $"{requestor.From} may not ask by {way}");
        else
            return requestor;
        return null;
    }

    /// <summary>Whether the requestor's rate allows one more query.</summary>
    public bool TryTake(Requestor requestor, IPAddress address)
    {
        if (limiter.TryTake(requestor))
            return true;
        Refuse(address, LeasequeryCount.RateLimited, $"more than {requestor.QueriesPerSecond} queries a second");
        return false;
    }

    /// <summary>Counts what is not answered, and says so once a minute.</summary>
    public void Refuse(IPAddress address, LeasequeryCount count, string reason)
    {
        counters.Add(count);
        var now = time.GetTimestamp();
        var next = Interlocked.Read(ref nextWarning);
        if (now >= next && Interlocked.CompareExchange(ref nextWarning, now + (60 * time.TimestampFrequency), next) == next)
            logger.NotAnswered(address.ToString(), reason);
    }
}
