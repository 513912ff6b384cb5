using Akka.Actor;
using Lease.Kernel.Persistence;

namespace Lease.Actors.Leasequery;

/// <summary>Asks the feed for changes. Sender: a connection; answered with <see cref="Subscribed"/>, after which it is sent every <see cref="ChangeBatch"/> until it stops.</summary>
/// <param name="Connection">The connection.</param>
internal sealed record Subscribe(IActorRef Connection);

/// <summary>From now on every change is told.</summary>
internal sealed record Subscribed;

/// <summary>Every change up to a time has been told.</summary>
/// <param name="Through">Unix milliseconds.</param>
internal sealed record Settled(long Through);

/// <summary>
/// Hands committed changes from the journal to the connections with active queries, in commit order, and notices when some were not published (a batch whose commit seemed to fail and did
/// not). Owner: the leasequery service; lives as long as it.
/// </summary>
internal sealed class ActiveFeed : UntypedActor, IWithTimers
{
    private static readonly TimeSpan SettleInterval = TimeSpan.FromSeconds(1);

    private readonly List<IActorRef> connections = [];
    private readonly IBindingQueries tables;
    private readonly IEventLog log;
    private readonly CommittedEvents events;

    /// <summary>Makes the feed of what the journal publishes on <paramref name="events"/>.</summary>
    public ActiveFeed(IBindingQueries tables, IEventLog log, CommittedEvents events)
    {
        this.tables = tables;
        this.log = log;
        this.events = events;
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Settle), Settle.Instance, SettleInterval);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case JournalCommitted committed:
                Take(committed);
                break;
            case Subscribe subscribe:
                Add(subscribe.Connection);
                break;
            case Terminated terminated:
                Remove(terminated.ActorRef);
                break;
            case Settle:
                // Whatever was published before this time stands in front of the mark in the mailbox.
                if (connections.Count > 0)
                    Self.Tell(new Settled(log.SettledThrough));
                break;
            case Settled:
                Publish(message);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    // The journal publishes only while somebody listens: without active queries this costs it nothing. What is committed from now on is told; what was before, the connection reads.
    private void Add(IActorRef connection)
    {
        if (connections.Count == 0)
            Follow();
        if (!connections.Contains(connection))
            connections.Add(Context.Watch(connection));
        connection.Tell(new Subscribed());
    }

    private void Remove(IActorRef connection)
    {
        if (connections.Remove(connection) && connections.Count == 0)
            Unfollow();
    }

    private void Follow()
    {
        Context.System.EventStream.Subscribe(Self, typeof(JournalCommitted));
        events.Follow();
    }

    private void Unfollow()
    {
        Context.System.EventStream.Unsubscribe(Self, typeof(JournalCommitted));
        events.Unfollow();
    }

    private void Take(JournalCommitted committed)
    {
        var changes = new List<BindingChange>(committed.Writes.Count);
        foreach (var write in committed.Writes)
        {
            // A binding that is forgotten ended long before: that was told then.
            if (write.Row is not null)
                changes.Add(new BindingChange(write, committed.EndedSince is { } since ? (since, tables) : null));
        }

        if (changes.Count > 0 || committed.HasGap)
            Publish(new ChangeBatch(changes, committed.HasGap));
    }

    private void Publish(object message)
    {
        foreach (var connection in connections)
            connection.Tell(message);
    }

    private sealed class Settle
    {
        public static readonly Settle Instance = new();
    }
}
