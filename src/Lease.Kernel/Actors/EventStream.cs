using System.Collections.Immutable;

namespace Lease.Kernel.Actors;

/// <summary>Publishes messages to the actors that subscribed to their type (or a base type of it).</summary>
public sealed class EventStream
{
    private ImmutableArray<(Type Type, IActorRef Subscriber)> subscriptions = [];

    /// <summary>Subscribes <paramref name="subscriber"/> to messages of <typeparamref name="T"/>; twice is once. The subscription ends with the actor.</summary>
    public void Subscribe<T>(IActorRef subscriber)
    {
        ImmutableInterlocked.Update(ref subscriptions, static (all, s) => all.Contains(s) ? all : all.Add(s), (typeof(T), subscriber));
        (subscriber as ActorCell)?.NoteSubscribed();
    }

    /// <summary>Ends a subscription.</summary>
    public void Unsubscribe<T>(IActorRef subscriber)
        => ImmutableInterlocked.Update(ref subscriptions, static (all, s) => all.Remove(s), (typeof(T), subscriber));

    /// <summary>Ends every subscription of <paramref name="subscriber"/>.</summary>
    public void Unsubscribe(IActorRef subscriber)
        => ImmutableInterlocked.Update(ref subscriptions, static (all, s) => all.RemoveAll(x => ReferenceEquals(x.Subscriber, s)), subscriber);

    /// <summary>Whether anybody subscribed to <typeparamref name="T"/>, so that a message need not be made for nobody.</summary>
    public bool HasSubscribers<T>()
    {
        foreach (var (type, _) in subscriptions)
        {
            if (type.IsAssignableFrom(typeof(T)))
                return true;
        }

        return false;
    }

    /// <summary>Tells every subscriber once, on the caller's thread.</summary>
    public void Publish(object message)
    {
        var all = subscriptions;
        for (var i = 0; i < all.Length; i++)
        {
            if (all[i].Type.IsInstanceOfType(message) && !ToldBefore(all, i, message))
                all[i].Subscriber.Tell(message);
        }
    }

    // By a subscription to another type of the same message.
    private static bool ToldBefore(ImmutableArray<(Type Type, IActorRef Subscriber)> all, int index, object message)
    {
        for (var i = 0; i < index; i++)
        {
            if (ReferenceEquals(all[i].Subscriber, all[index].Subscriber) && all[i].Type.IsInstanceOfType(message))
                return true;
        }

        return false;
    }
}
