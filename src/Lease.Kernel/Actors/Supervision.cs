namespace Lease.Kernel.Actors;

/// <summary>What a supervisor does with a failed child.</summary>
public enum Directive
{
    /// <summary>Go on with the next message; the state stays.</summary>
    Resume,

    /// <summary>A new instance takes over the mailbox.</summary>
    Restart,

    /// <summary>Stop for good.</summary>
    Stop,

    /// <summary>The supervisor fails itself with the same exception.</summary>
    Escalate,
}

/// <summary>How an actor supervises its children.</summary>
public abstract class SupervisorStrategy
{
    private readonly Func<Exception, Directive> decider;
    private readonly int maxRetries;
    private readonly TimeSpan within;
    private readonly Dictionary<IActorRef, Queue<DateTimeOffset>> restarts = [];

    private protected SupervisorStrategy(int maxRetries, TimeSpan within, Func<Exception, Directive> decider)
    {
        this.maxRetries = maxRetries;
        this.within = within;
        this.decider = decider;
    }

    /// <summary>Restarts on every exception, at most 10 times a minute.</summary>
    public static SupervisorStrategy Default => new OneForOneStrategy(10, TimeSpan.FromMinutes(1), static _ => Directive.Restart);

    /// <summary>Stops on every exception.</summary>
    public static SupervisorStrategy Stopping => new OneForOneStrategy(-1, TimeSpan.Zero, static _ => Directive.Stop);

    internal abstract bool AllChildren { get; }

    internal Directive Decide(IActorRef child, Exception exception, DateTimeOffset now)
    {
        var directive = decider(exception);
        return directive == Directive.Restart && !MayRestart(child, now) ? Directive.Stop : directive;
    }

    internal void Forget(IActorRef child) => restarts.Remove(child);

    private bool MayRestart(IActorRef child, DateTimeOffset now)
    {
        if (maxRetries < 0)
            return true;
        if (!restarts.TryGetValue(child, out var times))
            restarts[child] = times = new Queue<DateTimeOffset>();
        while (within > TimeSpan.Zero && times.TryPeek(out var oldest) && now - oldest > within)
            times.Dequeue();
        if (times.Count >= maxRetries)
            return false;
        times.Enqueue(now);
        return true;
    }
}

/// <summary>The directive concerns the failed child alone.</summary>
/// <param name="maxRetries">Restarts allowed within <paramref name="within"/>; more stop the child; -1: any number.</param>
/// <param name="within">The time for <paramref name="maxRetries"/>; zero: for ever.</param>
/// <param name="decider">Exception to directive.</param>
public sealed class OneForOneStrategy(int maxRetries, TimeSpan within, Func<Exception, Directive> decider)
    : SupervisorStrategy(maxRetries, within, decider)
{
    internal override bool AllChildren => false;
}

/// <summary>The directive concerns the failed child and all its siblings.</summary>
/// <param name="maxRetries">As for <see cref="OneForOneStrategy"/>.</param>
/// <param name="within">As for <see cref="OneForOneStrategy"/>.</param>
/// <param name="decider">Exception to directive.</param>
public sealed class AllForOneStrategy(int maxRetries, TimeSpan within, Func<Exception, Directive> decider)
    : SupervisorStrategy(maxRetries, within, decider)
{
    internal override bool AllChildren => true;
}
