using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;

namespace Lease.Actors.Leasequery;

/// <summary>Asks the feed for changes. Sender: a connection; answered with <see cref="Subscribed"/>, after which it is told every <see cref="ChangeBatch"/>.</summary>
/// <param name="Connection">The connection.</param>
internal sealed record Subscribe(IActorRef Connection);

/// <summary>Ends it.</summary>
/// <param name="Connection">The connection.</param>
internal sealed record Unsubscribe(IActorRef Connection);

/// <summary>From now on every change is told.</summary>
internal sealed record Subscribed;

/// <summary>Every change up to a time has been told.</summary>
/// <param name="Through">Unix milliseconds.</param>
internal sealed record Settled(long Through);

/// <summary>
/// Hands committed changes from the journal to the connections with active queries, in commit order, and notices when some were not published (a batch whose commit seemed to fail and did
/// not). Owner: the leasequery service; lives as long as it.
/// </summary>
internal sealed class ActiveFeed : UntypedActor
{
    private static readonly TimeSpan SettleInterval = TimeSpan.FromSeconds(1);

    private readonly List<IActorRef> connections = [];
    private readonly IBindingQueries tables;
    private readonly IEventLog log;
    private readonly EventStream events;

    /// <summary>Makes the feed of what the journal publishes on <paramref name="events"/>.</summary>
    public ActiveFeed(IBindingQueries tables, IEventLog log, EventStream events)
    {
        this.tables = tables;
        this.log = log;
        this.events = events;
    }

    /// <inheritdoc/>
    protected override void PreStart() => Context.Timers.StartPeriodicTimer(nameof(Settle), Settle.Instance, SettleInterval);

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
            case Unsubscribe unsubscribe:
                connections.Remove(unsubscribe.Connection);
                if (connections.Count == 0)
                    events.Unsubscribe<JournalCommitted>(Self);
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
            events.Subscribe<JournalCommitted>(Self);
        if (!connections.Contains(connection))
            connections.Add(connection);
        connection.Tell(new Subscribed());
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
