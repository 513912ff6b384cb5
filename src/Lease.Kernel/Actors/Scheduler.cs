namespace Lease.Kernel.Actors;

/// <summary>Sends messages later, by the system's <see cref="TimeProvider"/>.</summary>
public sealed class Scheduler
{
    private readonly TimeProvider time;

    internal Scheduler(TimeProvider time) => this.time = time;

    /// <summary>The clock.</summary>
    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Tells <paramref name="receiver"/> once after <paramref name="delay"/>. Disposing the result cancels it.</summary>
    public IDisposable ScheduleTellOnce(TimeSpan delay, IActorRef receiver, object message, IActorRef? sender = null)
        => time.CreateTimer(static state => ((Tell)state!).Now(), new Tell(receiver, message, sender), delay, Timeout.InfiniteTimeSpan);

    /// <summary>Tells <paramref name="receiver"/> after <paramref name="initialDelay"/> and then every <paramref name="interval"/>. Disposing the result cancels it.</summary>
    public IDisposable ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, IActorRef receiver, object message, IActorRef? sender = null)
        => time.CreateTimer(static state => ((Tell)state!).Now(), new Tell(receiver, message, sender), initialDelay, interval);

    private sealed class Tell(IActorRef receiver, object message, IActorRef? sender)
    {
        public void Now() => receiver.Tell(message, sender);
    }
}

/// <summary>Timers of one actor, by key. They end with the actor and with its restart; a message of a cancelled or replaced timer never arrives.</summary>
public sealed class TimerScheduler
{
    private readonly ActorCell owner;
    private readonly Dictionary<object, TimerMessage> active = [];

    internal TimerScheduler(ActorCell owner) => this.owner = owner;

    /// <summary>Sends <paramref name="message"/> to the actor itself once; a timer of the same key is replaced.</summary>
    public void StartSingleTimer(object key, object message, TimeSpan delay) => Start(key, message, delay, Timeout.InfiniteTimeSpan);

    /// <summary>Sends <paramref name="message"/> to the actor itself every <paramref name="interval"/>; a timer of the same key is replaced.</summary>
    public void StartPeriodicTimer(object key, object message, TimeSpan interval) => Start(key, message, interval, interval);

    /// <summary>Whether a timer of this key is set.</summary>
    public bool IsTimerActive(object key) => active.ContainsKey(key);

    /// <summary>Cancels the timer of this key, if there is one.</summary>
    public void Cancel(object key)
    {
        if (active.Remove(key, out var timer))
            timer.Handle?.Dispose();
    }

    /// <summary>Cancels every timer.</summary>
    public void CancelAll()
    {
        foreach (var timer in active.Values)
            timer.Handle?.Dispose();
        active.Clear();
    }

    internal bool TryUnwrap(TimerMessage fired, out object message)
    {
        message = fired.Message;
        if (!active.TryGetValue(fired.Key, out var current) || !ReferenceEquals(current, fired))
            return false;
        if (!fired.Periodic)
            Cancel(fired.Key);
        return true;
    }

    private void Start(object key, object message, TimeSpan delay, TimeSpan interval)
    {
        Cancel(key);
        var timer = new TimerMessage(this, owner, key, message, interval != Timeout.InfiniteTimeSpan);
        active[key] = timer;
        timer.Handle = owner.System.TimeProvider.CreateTimer(static state => ((TimerMessage)state!).Fire(), timer, delay, interval);
    }
}

/// <summary>A timer's message on its way: it counts only while its timer is still the one that was set.</summary>
internal sealed class TimerMessage(TimerScheduler timers, ActorCell owner, object key, object message, bool periodic)
{
    public TimerScheduler Timers { get; } = timers;

    public object Key { get; } = key;

    public object Message { get; } = message;

    public bool Periodic { get; } = periodic;

    public IDisposable? Handle { get; set; }

    public void Fire() => owner.TellUnbounded(this);
}
