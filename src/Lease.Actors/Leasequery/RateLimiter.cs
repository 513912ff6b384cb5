using System.Collections.Concurrent;
using Lease.Actors.Configuration;

namespace Lease.Actors.Leasequery;

/// <summary>Counts the queries of each requestor against its rate: a bucket that holds one second's worth.</summary>
/// <param name="time">The clock.</param>
public sealed class RateLimiter(TimeProvider time)
{
    private readonly ConcurrentDictionary<Requestor, Bucket> buckets = [];

    /// <summary>Takes one query out of the requestor's bucket.</summary>
    /// <returns>False when it is empty.</returns>
    public bool TryTake(Requestor requestor)
        => requestor.QueriesPerSecond == 0 || buckets.GetOrAdd(requestor, static r => new Bucket(r.QueriesPerSecond)).TryTake(time);

    private sealed class Bucket(int rate)
    {
        private readonly Lock gate = new();
        private double level = rate;
        private long filledAt;

        public bool TryTake(TimeProvider time)
        {
            var now = time.GetTimestamp();
            lock (gate)
            {
                if (filledAt != 0)
                    level = Math.Min(rate, level + (rate * time.GetElapsedTime(filledAt, now).TotalSeconds));
                filledAt = now;
                if (level < 1)
                    return false;
                level--;
                return true;
            }
        }
    }
}
