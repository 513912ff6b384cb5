using System.Collections.Concurrent;
using System.Globalization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace Lease.Actors.Scheduling;

/// <summary>
/// The scheduler of an actor system whose timers go by a <see cref="TimeProvider"/>: the clock of a node or, in a test, one that the test moves. Akka.NET makes schedulers by their class
/// name and gives them nothing but the configuration, so the configuration holds the number of the clock.
/// </summary>
public sealed class TimeProviderScheduler : SchedulerBase, IDisposable
{
    private const string ClockKey = "akka.scheduler.clock";

    private static readonly ConcurrentDictionary<int, TimeProvider> Clocks = new();
    private static int lastClock;

    private readonly ConcurrentDictionary<ITimer, byte> timers = new();
    private readonly TimeProvider time;
    private readonly long started;
    private readonly int clock;

    /// <summary>Called by Akka.NET with the configuration of the whole system.</summary>
    public TimeProviderScheduler(Config scheduler, ILoggingAdapter log)
        : base(scheduler, log)
    {
        clock = scheduler.GetInt(ClockKey);
        time = Clocks[clock];
        started = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public override TimeSpan MonotonicClock => time.GetElapsedTime(started);

    /// <inheritdoc/>
    public override TimeSpan HighResMonotonicClock => MonotonicClock;

    /// <inheritdoc/>
    protected override DateTimeOffset TimeNow => time.GetUtcNow();

    /// <summary>The configuration of one actor system that goes by <paramref name="time"/>.</summary>
    public static Config For(TimeProvider time)
    {
        var number = Interlocked.Increment(ref lastClock);
        Clocks[number] = time;
        var type = $"{typeof(TimeProviderScheduler).FullName}, {typeof(TimeProviderScheduler).Assembly.GetName().Name}";
        return ConfigurationFactory.ParseString(string.Create(
            CultureInfo.InvariantCulture, $"akka.scheduler.implementation = \"{type}\"\n{ClockKey} = {number}"));
    }

    /// <summary>Ends what is scheduled. Called by Akka.NET when the system has terminated.</summary>
    public void Dispose()
    {
        Clocks.TryRemove(clock, out _);
        foreach (var timer in timers.Keys)
            timer.Dispose();
        timers.Clear();
    }

    /// <inheritdoc/>
    protected override void InternalScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable)
        => Schedule(delay, Timeout.InfiniteTimeSpan, () => receiver.Tell(message, sender), cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleTellRepeatedly(
        TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable)
        => Schedule(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable)
        => Schedule(delay, Timeout.InfiniteTimeSpan, action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable cancelable)
        => Schedule(delay, Timeout.InfiniteTimeSpan, action.Run, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable)
        => Schedule(initialDelay, interval, action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable cancelable)
        => Schedule(initialDelay, interval, action.Run, cancelable);

    private void Schedule(TimeSpan delay, TimeSpan interval, Action action, ICancelable? cancelable)
    {
        var work = new Work(this, action, cancelable, isRepeated: interval != Timeout.InfiniteTimeSpan);
        work.Start(delay, interval);
    }

    private sealed class Work(TimeProviderScheduler scheduler, Action action, ICancelable? cancelable, bool isRepeated)
    {
        private ITimer? timer;
        private CancellationTokenRegistration cancellation;

        public void Start(TimeSpan delay, TimeSpan interval)
        {
            timer = scheduler.time.CreateTimer(static work => ((Work)work!).Run(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            scheduler.timers[timer] = 0;
            if (cancelable is not null)
                cancellation = cancelable.Token.Register(static work => ((Work)work!).End(), this);
            timer.Change(delay, interval);
        }

        private void Run()
        {
            if (cancelable?.IsCancellationRequested != true)
                RunAction();
            if (!isRepeated)
                End();
        }

        private void RunAction()
        {
            try
            {
                action();
            }
#pragma warning disable CA1031 // As Akka.NET's own schedulers: what one action throws ends neither the thread nor the other timers.
            catch (Exception e)
#pragma warning restore CA1031
            {
                scheduler.Log.Error(e, "a scheduled action failed");
            }
        }

        private void End()
        {
            cancellation.Unregister();
            scheduler.timers.TryRemove(timer!, out _);
            timer!.Dispose();
        }
    }
}
