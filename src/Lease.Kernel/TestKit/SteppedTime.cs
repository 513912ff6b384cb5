namespace Lease.Kernel.TestKit;

/// <summary>A machine's clocks, of which the time of day is wrong, or is set: timestamps and timers go on as they are.</summary>
/// <param name="right">Shows the right time.</param>
public sealed class SteppedTime(TimeProvider right) : TimeProvider
{
    private long step;

    /// <summary>How far it is ahead.</summary>
    public TimeSpan Step
    {
        get => new(Interlocked.Read(ref step));
        set => Interlocked.Exchange(ref step, value.Ticks);
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => right.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => right.GetUtcNow() + Step;

    /// <inheritdoc/>
    public override long GetTimestamp() => right.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => right.CreateTimer(callback, state, dueTime, period);
}
