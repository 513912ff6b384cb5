using Lease.Kernel.Persistence;

namespace Lease.Actors.Leasequery;

/// <summary>The base time of answers from the tables.</summary>
internal static class BaseTimes
{
    /// <summary>
    /// A time (Unix milliseconds) from which an active query goes on without missing anything: what the tables do not have yet has this time or a later one, whatever this node's clock says.
    /// </summary>
    public static long BaseTime(this IEventLog log, long now) => Math.Min(now, log.SettledThrough + 1);
}
