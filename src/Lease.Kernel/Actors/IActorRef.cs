namespace Lease.Kernel.Actors;

/// <summary>Handle to an actor: the only way to reach it. Sending never blocks and never throws; delivery is at most once.</summary>
public interface IActorRef
{
    /// <summary>Sends <paramref name="message"/>; <paramref name="sender"/> is who the receiver sees as its sender, null for nobody.</summary>
    void Tell(object message, IActorRef? sender = null);
}
