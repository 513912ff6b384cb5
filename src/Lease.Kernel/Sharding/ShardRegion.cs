using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;

namespace Lease.Kernel.Sharding;

/// <summary>Finds the entity that a message is for.</summary>
public interface IMessageExtractor
{
    /// <summary>The entity's key; null when the message is for none.</summary>
    EntityKey? EntityKeyOf(object message);
}

/// <summary>Sends messages to the node that serves their shard. Akka.NET: the region's proxy to another region.</summary>
public interface IShardForwarder
{
    /// <summary>Sends a message for a shard that is not served here; must not block or throw.</summary>
    /// <returns>Whether it was taken: it belongs to the forwarder then. False when nobody is known to serve the shard, or the message is not one to be sent on.</returns>
    bool TryForward(int shard, object message);
}

/// <summary>Settings of a <see cref="ShardRegion"/>.</summary>
public sealed record ShardRegionOptions
{
    /// <summary>Number of shards of the cluster.</summary>
    public required int ShardCount { get; init; }

    /// <summary>Messages that may wait for one shard; more are dropped and counted.</summary>
    public int ShardMailboxCapacity { get; init; } = 4096;

    /// <summary>An entity without a message for so long is passivated.</summary>
    public TimeSpan IdleLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Live entities of a shard; beyond it the least recently used is passivated.</summary>
    public int MaxLiveEntities { get; init; } = 10_000;

    /// <summary>How long a message waits for its shard to be served; then it is dropped and counted.</summary>
    public TimeSpan ShardWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the entities of a shard that is given up may take to finish what they are at; then they are stopped. Akka.NET: <c>handoff-timeout</c>.</summary>
    public TimeSpan HandOffTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Messages that may wait so, over all shards.</summary>
    public int ShardWaitCapacity { get; init; } = 4096;
}

/// <summary>Routes messages to entities by their key's shard, and starts entities when a message comes for them. Sending to it costs no actor turn of its own.</summary>
public sealed class ShardRegion : IActorRef
{
    private readonly ActorSystem system;
    private readonly ShardRegionOptions options;
    private readonly IMessageExtractor extractor;
    private readonly Func<EntityKey, ShardContext, ActorBase> newEntity;
    private readonly IActorRef?[] shards;

    // Of the shards that are served; whoever claims and loses them is one actor.
    private readonly ShardContext?[] contexts;
    private readonly Lock gate = new();
    private readonly ShardBuffer unserved;
    private readonly ITimer overdue;

    private ShardRegion(
        ActorSystem system, string typeName, ShardRegionOptions options, IMessageExtractor extractor, Func<EntityKey, ShardContext, ActorBase> newEntity)
    {
        this.system = system;
        this.options = options;
        this.extractor = extractor;
        this.newEntity = newEntity;
        TypeName = typeName;
        shards = new IActorRef?[options.ShardCount];
        contexts = new ShardContext?[options.ShardCount];
        unserved = new ShardBuffer(system, this, options.ShardWaitCapacity, options.ShardWait);
        overdue = system.TimeProvider.CreateTimer(
            static region => ((ShardRegion)region!).DropOverdue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Name of the entity type.</summary>
    public string TypeName { get; }

    /// <inheritdoc/>
    public string Path => $"/system/sharding/{TypeName}";

    /// <summary>Takes messages for shards that other nodes serve; null: they wait here.</summary>
    public IShardForwarder? Forwarder { get; set; }

    /// <summary>For how long the shards are this node's for certain; null: for ever, since there is no other node.</summary>
    public Tenure? Tenure { get; set; }

    /// <summary>Figures of all shards together.</summary>
    public ShardCounters Counters { get; } = new();

    /// <summary>Makes a region; it owns no shard yet. Akka.NET: <c>ClusterSharding.Start</c>.</summary>
    public static ShardRegion Start(
        ActorSystem system, string typeName, ShardRegionOptions options, IMessageExtractor extractor, Func<EntityKey, ShardContext, ActorBase> newEntity)
        => new(system, typeName, options, extractor, newEntity);

    /// <inheritdoc/>
    public void Tell(object message, IActorRef? sender = null)
    {
        if (extractor.EntityKeyOf(message) is not { } key)
        {
            system.Drop(message, this, DropReason.DeadLetter);
            return;
        }

        var shard = key.ShardOf(options.ShardCount);
        if (Volatile.Read(ref shards[shard]) is { } owner)
            owner.Tell(message, sender);
        else if (Forwarder?.TryForward(shard, message) != true)
            KeepUnserved(shard, message, sender);
    }

    /// <summary>Tries again to forward what waits: other nodes serve other shards now.</summary>
    public void ForwardUnserved()
    {
        if (Forwarder is not { } forwarder)
            return;
        lock (gate)
            unserved.Forward(forwarder);
    }

    /// <summary>The shards that are served at the moment.</summary>
    public IReadOnlyList<int> ServedShards()
    {
        var served = new List<int>(shards.Length);
        for (var shard = 0; shard < shards.Length; shard++)
        {
            if (Volatile.Read(ref shards[shard]) is not null)
                served.Add(shard);
        }

        return served;
    }

    /// <summary>Serves a shard from now on.</summary>
    /// <param name="grant">The claim.</param>
    /// <param name="state">What the shard's entities share; see <see cref="ShardContext.State"/>.</param>
    /// <exception cref="InvalidOperationException">The shard is served already.</exception>
    public void StartShard(ShardGrant grant, object? state)
    {
        if (Volatile.Read(ref shards[grant.Shard]) is not null)
            throw new InvalidOperationException($"shard {grant.Shard} is served already");
        ShardContext? context = null;
        IActorRef? started = null;
        var props = Props.Create(() => new Shard(this, context!, options, extractor, newEntity, Counters))
            .WithMailboxCapacity(options.ShardMailboxCapacity)
            .WithAffinity(grant.Shard);
        context = new ShardContext(grant.Shard, grant.Epoch, state, () => OnFenced(grant.Shard, started!, context!), Tenure);
        started = system.ActorOf(props, $"{TypeName}-{grant.Shard}");
        lock (gate)
        {
            // Those that waited first; who sends meanwhile finds either no owner and waits for the lock, or the owner.
            unserved.Hand(grant.Shard, started);
            contexts[grant.Shard] = context;
            Volatile.Write(ref shards[grant.Shard], started);
        }
    }

    /// <summary>Stops serving a shard: its entities finish what they are at. <paramref name="stopped"/> is called, on any thread, when the last one has stopped.</summary>
    public void StopShard(int shard, Action stopped)
    {
        if (Interlocked.Exchange(ref shards[shard], value: null) is { } stopping)
            system.ActorOf(Props.Create(() => new Watcher(stopping, options.HandOffTimeout, stopped)));
        else
            stopped();
    }

    /// <summary>As <see cref="StopShard"/>; the task ends when the last entity has stopped.</summary>
    public Task StopShardAsync(int shard)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        StopShard(shard, () => stopped.TrySetResult());
        return stopped.Task;
    }

    /// <summary>
    /// Stops serving a shard that another node has claimed: its entities stop where they are, and say nothing any more, since what they know may be out of date. The difference to
    /// <see cref="StopShard"/> is that a shard that is given up is this node's until it has stopped.
    /// </summary>
    public void LoseShard(int shard)
    {
        if (Volatile.Read(ref shards[shard]) is { } owner)
            TryLose(shard, owner, contexts[shard]!);
    }

    private bool TryLose(int shard, IActorRef lost, ShardContext context)
    {
        if (!ReferenceEquals(Interlocked.CompareExchange(ref shards[shard], value: null, lost), lost))
            return false;
        context.Lose();
        system.Stop(lost);
        return true;
    }

    private void KeepUnserved(int shard, object message, IActorRef? sender)
    {
        lock (gate)
        {
            if (Volatile.Read(ref shards[shard]) is { } owner)
                owner.Tell(message, sender);
            else if (unserved.Add(shard, message, sender))
                overdue.Change(options.ShardWait, Timeout.InfiniteTimeSpan);
        }
    }

    private void DropOverdue()
    {
        lock (gate)
        {
            if (unserved.DropOverdue() is { } left)
                overdue.Change(left, Timeout.InfiniteTimeSpan);
        }
    }

    // Called by an entity whose write was fenced: whatever this node believed, the shard is another's. Its later claim, if there is one already, stands.
    private void OnFenced(int shard, IActorRef lost, ShardContext context)
    {
        if (!TryLose(shard, lost, context))
            return;
        system.Log.ShardLost(shard);
        system.EventStream.Publish(new ShardLost(shard));
    }

    private sealed class Watcher(IActorRef target, TimeSpan patience, Action stopped) : UntypedActor
    {
        protected override void PreStart()
        {
            Context.Watch(target);
            ((ActorCell)target).TellUnbounded(HandOff.Instance);
            Context.SetReceiveTimeout(patience);
        }

        protected override void OnReceive(object message)
        {
            if (message is Terminated)
                Context.Stop(Self);
            else if (message is ReceiveTimeout)
                Context.Stop(target);
        }

        // Also when the whole system stops meanwhile.
        protected override void PostStop() => stopped();
    }
}

/// <summary>Published on the event stream when a commit found that the shard belongs to another node.</summary>
/// <param name="Shard">The shard.</param>
public sealed record ShardLost(int Shard);

/// <summary>What an entity knows of its shard.</summary>
/// <param name="shard">The shard's number.</param>
/// <param name="epoch">The fence of its writes.</param>
/// <param name="state">What the shard's entities share.</param>
/// <param name="onFenced">Called when a write was fenced.</param>
/// <param name="tenure">See <see cref="ShardRegion.Tenure"/>.</param>
public sealed class ShardContext(int shard, long epoch, object? state, Action onFenced, Tenure? tenure = null)
{
    private volatile bool isLost;

    /// <summary>The shard's number.</summary>
    public int Shard { get; } = shard;

    /// <summary>The fence of its writes.</summary>
    public long Epoch { get; } = epoch;

    /// <summary>Whether the shard is this node's for certain. When not, another node may have changed what this one knows: nothing may be answered from it.</summary>
    public bool IsCertain => !isLost && tenure?.IsValid != false;

    /// <summary>What the shard's entities share: they run on one thread, so it needs no lock among them.</summary>
    public object? State { get; } = state;

    /// <summary>Tells the region that this node lost the shard.</summary>
    public void ReportFenced() => onFenced();

    internal void Lose() => isLost = true;
}

/// <summary>Figures of a region's shards; may be read from any thread.</summary>
public sealed class ShardCounters
{
    private long live;
    private long started;
    private long passivated;

    /// <summary>Entities alive.</summary>
    public long Live => Interlocked.Read(ref live);

    /// <summary>Entities started.</summary>
    public long Started => Interlocked.Read(ref started);

    /// <summary>Entities passivated.</summary>
    public long Passivated => Interlocked.Read(ref passivated);

    internal void CountStart()
    {
        Interlocked.Increment(ref live);
        Interlocked.Increment(ref started);
    }

    internal void CountStop() => Interlocked.Decrement(ref live);

    internal void CountPassivation() => Interlocked.Increment(ref passivated);
}
