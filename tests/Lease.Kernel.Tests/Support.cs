using Lease.Kernel.Actors;

namespace Lease.Kernel.Tests;

/// <summary>An actor made of a function, for tests that need no more.</summary>
internal sealed class ActOn(Action<object, IActorContext> handler) : UntypedActor
{
    protected override void OnReceive(object message) => handler(message, Context);
}

/// <summary>Tells a log what happens to it; fails when it is told an exception.</summary>
internal class Recorder(List<string> log) : UntypedActor
{
    protected List<string> Log { get; } = log;

    protected override void PreStart() => Log.Add("start");

    protected override void PostStop() => Log.Add("stop");

    protected override void PreRestart(Exception reason, object? message)
    {
        Log.Add($"before restart: {reason.Message}");
        base.PreRestart(reason, message);
    }

    protected override void PostRestart(Exception reason)
    {
        Log.Add("after restart");
        base.PostRestart(reason);
    }

    protected override void OnReceive(object message)
    {
        if (message is Exception e)
            throw e;
        Log.Add($"{message}");
    }
}

/// <summary>Starts children on request and supervises them by a given strategy.</summary>
internal sealed class Supervisor(SupervisorStrategy strategy) : UntypedActor
{
    protected override SupervisorStrategy SupervisorStrategy() => strategy;

    protected override void OnReceive(object message)
    {
        if (message is Func<ActorBase> factory)
            Sender.Tell(Context.ActorOf(Props.Create(factory)));
        else if (message is Exception e)
            throw e;
    }
}

/// <summary>A message that counts how often it was dropped, and why.</summary>
internal sealed class Parcel : IDroppable
{
    private int drops;

    public int Drops => drops;

    public DropReason? Reason { get; private set; }

    public void OnDropped(DropReason reason)
    {
        Reason = reason;
        Interlocked.Increment(ref drops);
    }
}
