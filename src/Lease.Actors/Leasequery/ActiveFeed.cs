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
    private readonly Dictionary<int, long> sequences = [];
    private readonly IEventLog log;

    /// <summary>Makes the feed; it is subscribed to the journal's event stream by its owner.</summary>
    public ActiveFeed(IEventLog log) => this.log = log;

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
                if (!connections.Contains(subscribe.Connection))
                    connections.Add(subscribe.Connection);
                subscribe.Connection.Tell(new Subscribed());
                break;
            case Unsubscribe unsubscribe:
                connections.Remove(unsubscribe.Connection);
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

    private void Take(JournalCommitted committed)
    {
        var hasGap = false;
        var changes = connections.Count == 0 ? null : new List<BindingChange>(committed.Writes.Count);
        foreach (var write in committed.Writes)
        {
            hasGap |= sequences.TryGetValue(write.Shard, out var last) && write.Sequence != last + 1;
            sequences[write.Shard] = write.Sequence;

            // A binding that is forgotten ended long before: that was told then.
            if (write.Row is not null)
                changes?.Add(new BindingChange(write));
        }

        if (changes is not null && (changes.Count > 0 || hasGap))
            Publish(new ChangeBatch(changes, hasGap));
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
