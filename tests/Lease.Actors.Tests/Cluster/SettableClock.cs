namespace Lease.Actors.Tests.Cluster;

/// <summary>A machine's clock: its time of day may be set, and what it measures goes on as before.</summary>
internal sealed class SettableClock(TimeProvider time) : TimeProvider
{
    /// <summary>How far the time of day is ahead.</summary>
    public TimeSpan Lead { get; set; }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Lead;

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
}
