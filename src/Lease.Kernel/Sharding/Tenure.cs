namespace Lease.Kernel.Sharding;

/// <summary>
/// For how long a node may speak for its shards without asking: as long as no other node may have claimed them. A commit is fenced whatever the node believes; an answer that needs no commit
/// is not, and is given only within this time. May be used from any thread.
/// </summary>
/// <param name="time">The clock, of which only the course counts. It must go on while the process stands still.</param>
public sealed class Tenure(TimeProvider time)
{
    private long until = long.MinValue;

    /// <summary>Whether the shards are this node's for certain.</summary>
    public bool IsValid => time.GetTimestamp() < Interlocked.Read(ref until);

    /// <summary>How long it lasts still; zero when it has run out.</summary>
    public TimeSpan Left
    {
        get
        {
            var (now, end) = (time.GetTimestamp(), Interlocked.Read(ref until));
            return end > now ? time.GetElapsedTime(now, end) : TimeSpan.Zero;
        }
    }

    /// <summary>Prolongs it to <paramref name="length"/> after a moment, a timestamp of the clock.</summary>
    public void Prolong(long from, TimeSpan length) => Interlocked.Exchange(ref until, from + (long)(length.TotalSeconds * time.TimestampFrequency));
}
