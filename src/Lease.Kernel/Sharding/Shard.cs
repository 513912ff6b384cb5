using Lease.Kernel.Actors;

namespace Lease.Kernel.Sharding;

/// <summary>An entity asks its shard to be stopped: <c>Context.Parent.Tell(Passivate.Instance)</c>. Messages that come meanwhile are kept and restart it.</summary>
public sealed class Passivate
{
    private Passivate()
    {
    }

    /// <summary>The only instance.</summary>
    public static Passivate Instance { get; } = new();

    /// <summary>The shard's order to an entity to stop when it is done with what it is at.</summary>
    public sealed class StopRequest
    {
        private StopRequest()
        {
        }

        /// <summary>The only instance.</summary>
        public static StopRequest Instance { get; } = new();
    }
}

/// <summary>The region's order to a shard to end: its entities finish what they are at. Akka.NET: <c>HandOff</c> with its stop message.</summary>
internal sealed class HandOff
{
    private HandOff()
    {
    }

    public static HandOff Instance { get; } = new();
}

/// <summary>
/// One shard: starts entities on demand, passivates idle ones and, beyond the limit, the least recently used. It and its entities share one
/// affinity, so nothing here is ever concurrent.
/// </summary>
internal sealed class Shard : UntypedActor
{
    private static readonly object SweepKey = new();

    private readonly IActorRef region;
    private readonly ShardRegionOptions options;
    private readonly IMessageExtractor extractor;
    private readonly Func<object, ActorBase> makeEntity;
    private readonly ShardCounters counters;
    private readonly Dictionary<EntityKey, Entity> entities = [];
    private readonly Dictionary<IActorRef, Entity> byRef = new(ReferenceEqualityComparer.Instance);

    // Least recently used first.
    private Entity? oldest;
    private Entity? newest;
    private int linked;
    private bool handsOff;

    public Shard(
        IActorRef region,
        ShardContext context,
        ShardRegionOptions options,
        IMessageExtractor extractor,
        Func<EntityKey, ShardContext, ActorBase> newEntity,
        ShardCounters counters)
    {
        this.region = region;
        this.options = options;
        this.extractor = extractor;
        makeEntity = key => newEntity((EntityKey)key, context);
        this.counters = counters;
    }

    // A failed entity is not restarted with what it had in its mailbox: the next message starts it from its row.
    protected override SupervisorStrategy SupervisorStrategy() => Actors.SupervisorStrategy.Stopping;

    protected override void PreStart()
        => Context.Timers.StartPeriodicTimer(SweepKey, SweepKey, TimeSpan.FromTicks(Math.Max(options.IdleLimit.Ticks / 4, TimeSpan.TicksPerSecond / 4)));

    protected override void PostStop()
    {
        foreach (var entity in entities.Values)
        {
            counters.CountStop();
            foreach (var (message, sender) in entity.Buffered ?? [])
            {
                if (handsOff)
                    region.Tell(message, sender);
                else
                    Context.System.Drop(message, entity.Ref, DropReason.ShardUnavailable);
            }
        }
    }

    protected override void OnReceive(object message)
    {
        if (ReferenceEquals(message, SweepKey))
            Sweep();
        else if (message is Passivate)
            Stop(byRef.GetValueOrDefault(Sender));
        else if (message is HandOff)
            BeginHandOff();
        else if (handsOff)
            region.Tell(message, Sender);
        else if (extractor.EntityKeyOf(message) is { } key)
            Deliver(key, message);
        else
            Unhandled(message);
    }

    protected override void OnChildTerminated(IActorRef child)
    {
        if (!byRef.Remove(child, out var entity))
            return;
        Unlink(entity);
        entities.Remove(entity.Key);
        counters.CountStop();
        foreach (var (message, sender) in entity.Buffered ?? [])
        {
            // In a hand-off they wait in the region for the next owner.
            var next = handsOff ? region : Start(entity.Key).Ref;
            next.Tell(message, sender);
        }

        if (handsOff && entities.Count == 0)
            Context.Stop(Self);
    }

    private void BeginHandOff()
    {
        handsOff = true;
        foreach (var entity in entities.Values)
            Stop(entity);
        if (entities.Count == 0)
            Context.Stop(Self);
    }

    private void Deliver(EntityKey key, object message)
    {
        var entity = entities.GetValueOrDefault(key) ?? Start(key);
        if (entity.Stopping)
        {
            Buffer(entity, message);
            return;
        }

        Touch(entity);
        entity.Ref.Tell(message, Sender);
    }

    private Entity Start(EntityKey key)
    {
        if (entities.TryGetValue(key, out var existing))
            return existing;
        var entity = new Entity(key, Context.ActorOf(Props.Create(makeEntity, key)));
        entities.Add(key, entity);
        byRef.Add(entity.Ref, entity);
        counters.CountStart();
        Append(entity);

        // Those that stop already do not count, or a burst would stop what it has just started.
        if (linked > options.MaxLiveEntities)
            Stop(oldest);
        return entity;
    }

    private void Buffer(Entity entity, object message)
    {
        const int limit = 64;
        entity.Buffered ??= [];
        if (entity.Buffered.Count < limit)
            entity.Buffered.Add((message, Sender));
        else
            Context.System.Drop(message, entity.Ref, DropReason.MailboxFull);
    }

    private void Stop(Entity? entity)
    {
        if (entity is null || entity.Stopping)
            return;
        entity.Stopping = true;
        counters.CountPassivation();
        Unlink(entity);
        entity.Ref.Tell(Passivate.StopRequest.Instance, Self);
    }

    private void Sweep()
    {
        var limit = Context.System.TimeProvider.GetTimestamp() - (long)(options.IdleLimit.TotalSeconds * Context.System.TimeProvider.TimestampFrequency);
        while (oldest is { } entity && entity.UsedAt <= limit)
            Stop(entity);
    }

    private void Touch(Entity entity)
    {
        if (!ReferenceEquals(entity, newest))
        {
            Unlink(entity);
            Append(entity);
        }

        entity.UsedAt = Context.System.TimeProvider.GetTimestamp();
    }

    private void Append(Entity entity)
    {
        entity.UsedAt = Context.System.TimeProvider.GetTimestamp();
        entity.Older = newest;
        if (newest is null)
            oldest = entity;
        else
            newest.Newer = entity;
        newest = entity;
        entity.Linked = true;
        linked++;
    }

    private void Unlink(Entity entity)
    {
        if (!entity.Linked)
            return;
        if (entity.Older is { } older)
            older.Newer = entity.Newer;
        else
            oldest = entity.Newer;
        if (entity.Newer is { } newer)
            newer.Older = entity.Older;
        else
            newest = entity.Older;
        entity.Older = entity.Newer = null;
        entity.Linked = false;
        linked--;
    }

    private sealed class Entity(EntityKey key, IActorRef reference)
    {
        public EntityKey Key { get; } = key;

        public IActorRef Ref { get; } = reference;

        public long UsedAt { get; set; }

        public bool Stopping { get; set; }

        public bool Linked { get; set; }

        public Entity? Older { get; set; }

        public Entity? Newer { get; set; }

        public List<(object Message, IActorRef Sender)>? Buffered { get; set; }
    }
}
