using Lease.Kernel.Actors;
using Lease.Kernel.Sharding;

namespace Lease.Kernel.Persistence;

/// <summary>
/// An actor whose state is a row. It recovers by one read of the row (Akka.NET replays events; here the row is the latest snapshot), and
/// changes only through <see cref="Persist"/>: commands that come while a write is under way wait, and the handler runs after the commit.
/// After a failure it stops; its shard starts it anew, from the row, with the next message.
/// </summary>
public abstract class UntypedPersistentActor : UntypedActor
{
    private const int StashCapacity = 64;

    private readonly IJournal journal;
    private readonly IBindingStore store;
    private Stash? stash;
    private JournalWrite? pending;
    private Action<JournalWrite>? onCommitted;
    private Phase phase;
    private long rowId;

    /// <summary>Makes the actor of <paramref name="key"/> in the shard of <paramref name="shard"/>.</summary>
    protected UntypedPersistentActor(EntityKey key, ShardContext shard, IJournal journal, IBindingStore store)
    {
        Key = key;
        Shard = shard;
        this.journal = journal;
        this.store = store;
    }

    private enum Phase : byte
    {
        Recovering,
        Ready,
        Persisting,
        Waiting,
    }

    /// <summary>The entity's key; Akka.NET's PersistenceId.</summary>
    protected EntityKey Key { get; }

    /// <summary>The shard that the entity lives in.</summary>
    protected ShardContext Shard { get; }

    /// <summary>Takes the stored state, once, before the first command.</summary>
    /// <exception cref="InvalidDataException">The row cannot be understood: the actor stops, the commands that wait are dropped.</exception>
    protected abstract void OnRecover(BindingLoaded loaded);

    /// <summary>Handles a command; never called while a write is under way.</summary>
    protected abstract void OnCommand(object message);

    /// <summary>Another entity holds a lease of the write: nothing was stored; the state is as before.</summary>
    protected virtual void OnPersistRejected(JournalWrite write)
    {
    }

    /// <summary>The write failed or its outcome is unknown, or recovery failed. The actor stops after this.</summary>
    protected virtual void OnPersistFailure(JournalWrite? write, string reason)
    {
    }

    /// <inheritdoc/>
    protected override void PreStart() => store.Load(Key, Self);

    /// <inheritdoc/>
    protected sealed override void OnReceive(object message)
    {
        switch (message)
        {
            case BindingLoaded loaded when phase == Phase.Recovering:
                rowId = loaded.RowId;
                phase = Phase.Ready;
                OnRecover(loaded);
                stash?.UnstashAll();
                break;
            case BindingLoadFailed failed:
                FailAndStop(write: null, failed.Reason);
                break;
            case JournalWrite write:
                // Not that of an instance before a restart: its state is gone.
                if (ReferenceEquals(write, pending))
                    OnOutcome(write);
                break;
            case IWaitEnded when phase == Phase.Waiting:
                phase = Phase.Ready;
                OnCommand(message);
                Unstash();
                break;
            default:
                OnOrdinary(message);
                break;
        }
    }

    /// <summary>
    /// Queues the change. <paramref name="handler"/> runs after the commit, with the sequence number set; until then commands are stashed.
    /// </summary>
    protected void Persist(ReadOnlyMemory<byte> @event, BindingRow? row, ReadOnlyMemory<LeaseChange> leases, Action<JournalWrite> handler)
    {
        var write = new JournalWrite
        {
            Shard = Shard.Shard,
            Epoch = Shard.Epoch,
            Key = Key,
            RowId = rowId,
            Event = @event,
            Row = row,
            Leases = leases,
            ReplyTo = Self,
        };
        pending = write;
        onCommitted = handler;
        phase = Phase.Persisting;
        if (!journal.TryAppend(write))
            FailAndStop(write, "the journal's queue is full");
    }

    /// <summary>Commands are stashed until a message that implements <see cref="IWaitEnded"/> comes: for an answer that decides how to go on.</summary>
    protected void WaitForAnswer() => phase = Phase.Waiting;

    internal override void AroundPreRestart(Exception reason, object? message)
    {
        stash?.Clear(DropReason.ReceiverFailed);
        base.AroundPreRestart(reason, message);
    }

    internal override void AroundPostStop()
    {
        stash?.Clear(DropReason.ReceiverFailed);
        base.AroundPostStop();
    }

    private void OnOrdinary(object message)
    {
        if (phase != Phase.Ready)
            PutAside(message);
        else if (message is Passivate.StopRequest)
            Context.Stop(Self);
        else
            OnCommand(message);
    }

    private void PutAside(object message)
    {
        stash ??= new Stash(Cell, StashCapacity);

        // The shard keeps every later message for this entity until it has stopped.
        if (message is Passivate.StopRequest)
            stash.StashAlways();
        else
            stash.TryStash();
    }

    private void OnOutcome(JournalWrite write)
    {
        var handler = onCommitted;
        pending = null;
        onCommitted = null;
        switch (write.Outcome)
        {
            case JournalOutcome.Committed:
                rowId = write.RowId;
                phase = Phase.Ready;
                handler?.Invoke(write);
                Unstash();
                break;
            case JournalOutcome.LeaseConflict:
                phase = Phase.Ready;
                OnPersistRejected(write);
                Unstash();
                break;
            case JournalOutcome.Fenced:
                Shard.ReportFenced();
                FailAndStop(write, "the shard belongs to another node now");
                break;
            default:
                FailAndStop(write, "the commit failed");
                break;
        }
    }

    private void Unstash()
    {
        if (phase == Phase.Ready)
            stash?.UnstashAll();
    }

    private void FailAndStop(JournalWrite? write, string reason)
    {
        // No command may be handled from a state that is not the stored one.
        phase = Phase.Recovering;
        pending = null;
        onCommitted = null;
        OnPersistFailure(write, reason);
        Context.Stop(Self);
    }
}

/// <summary>A message that ends the waiting begun by <c>WaitForAnswer</c>.</summary>
public interface IWaitEnded;
