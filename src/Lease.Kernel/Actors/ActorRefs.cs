namespace Lease.Kernel.Actors;

/// <summary>References that stand for no actor. Akka.NET: <c>ActorRefs</c>.</summary>
public static class ActorRefs
{
    /// <summary>Nobody: what is told is lost.</summary>
    public static IActorRef Nobody { get; } = new NobodyRef();

    private sealed class NobodyRef : IActorRef
    {
        public string Path => "/nobody";

        public void Tell(object message, IActorRef? sender = null) => (message as IDroppable)?.OnDropped(DropReason.DeadLetter);
    }
}
