using Lease.Kernel.Actors;

namespace Lease.Kernel.Sharding;

/// <summary>
/// Messages for shards that nobody serves at the moment, between two owners: kept for a short time, then dropped and counted. Bounded for the region as a whole, so that
/// it does not matter how many shards are without an owner. Not thread-safe: the region holds its lock.
/// </summary>
internal sealed class ShardBuffer(ActorSystem system, IActorRef region, int capacity, TimeSpan wait)
{
    // All messages wait equally long, so the oldest is always in front.
    private readonly LinkedList<Waiting> messages = [];

    /// <summary>Keeps a message, or drops it when the buffer is full.</summary>
    /// <returns>Whether it is the only one: time for the first <see cref="DropOverdue"/> after <c>wait</c>.</returns>
    public bool Add(int shard, object message, IActorRef? sender)
    {
        if (messages.Count >= capacity)
        {
            system.Drop(message, region, DropReason.ShardUnavailable);
            return false;
        }

        messages.AddLast(new Waiting(shard, message, sender, system.TimeProvider.GetTimestamp()));
        return messages.Count == 1;
    }

    /// <summary>Tells the messages for <paramref name="shard"/> to its new owner.</summary>
    public void Hand(int shard, IActorRef owner)
    {
        for (var node = messages.First; node is not null;)
        {
            var (current, next) = (node, node.Next);
            node = next;
            if (current.Value.Shard != shard)
                continue;
            messages.Remove(current);
            owner.Tell(current.Value.Message, current.Value.Sender);
        }
    }

    /// <summary>Gives the forwarder what it takes.</summary>
    public void Forward(IShardForwarder forwarder)
    {
        for (var node = messages.First; node is not null;)
        {
            var (current, next) = (node, node.Next);
            node = next;
            if (forwarder.TryForward(current.Value.Shard, current.Value.Message))
                messages.Remove(current);
        }
    }

    /// <summary>Drops what waited long enough.</summary>
    /// <returns>How long the oldest that is left still may wait; null when none is left.</returns>
    public TimeSpan? DropOverdue()
    {
        while (messages.First is { Value: var oldest })
        {
            var left = wait - system.TimeProvider.GetElapsedTime(oldest.Since);
            if (left > TimeSpan.Zero)
                return left;
            messages.RemoveFirst();
            system.Drop(oldest.Message, region, DropReason.ShardUnavailable);
        }

        return null;
    }

    private readonly record struct Waiting(int Shard, object Message, IActorRef? Sender, long Since);
}
