using Lease.Kernel.Persistence;

namespace Lease.Kernel.Sharding;

/// <summary>
/// The store's clock, by which all nodes reckon when a lease ends: what it said with a heartbeat, carried on by this machine's monotonic clock. A machine whose clock is wrong, or is set
/// while it serves, ends no lease early and keeps none too long. Timers and timestamps are the machine's. May be used from any thread.
/// </summary>
/// <param name="local">The machine's clocks; its time of day counts until the store's is known.</param>
public sealed class ClusterTime(TimeProvider local) : TimeProvider
{
    private readonly long origin = local.GetTimestamp();

    // UTC at the origin, in ticks.
    private long begin = local.GetUtcNow().UtcTicks;

    /// <summary>How far this machine's time of day is ahead of the store's; less than zero: behind.</summary>
    public TimeSpan LocalLead => local.GetUtcNow() - GetUtcNow();

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => local.LocalTimeZone;

    /// <inheritdoc/>
    public override long TimestampFrequency => local.TimestampFrequency;

    /// <inheritdoc/>
    public override long GetTimestamp() => local.GetTimestamp();

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref begin) + TicksAt(local.GetTimestamp()), TimeSpan.Zero);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => local.CreateTimer(callback, state, dueTime, period);

    /// <summary>
    /// Takes over what the store's clock said at some moment between two: only as much as is needed for both to agree, so that time does not waver with how long the store took.
    /// </summary>
    /// <param name="storeTime">Unix milliseconds, see <see cref="ClusterView.At"/>.</param>
    /// <param name="asked">When it was asked, see <see cref="GetTimestamp"/>.</param>
    /// <param name="answered">When it had answered.</param>
    public void Follow(long storeTime, long asked, long answered)
    {
        var said = DateTimeOffset.FromUnixTimeMilliseconds(storeTime).UtcTicks;
        var earliest = said - TicksAt(answered);

        // The store tells whole milliseconds.
        var latest = said + TimeSpan.TicksPerMillisecond - TicksAt(asked);
        Interlocked.Exchange(ref begin, Math.Clamp(Interlocked.Read(ref begin), earliest, latest));
    }

    private long TicksAt(long timestamp) => local.GetElapsedTime(origin, timestamp).Ticks;
}
