using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Storage.Postgres;

/// <summary>
/// Follows the events of all nodes, this one's too, and publishes them in one order; and listens for changes of the cluster. On a thread and a connection of its own.
/// <para>
/// Up to a time everything is there when no transaction can give an event an earlier time any more. A batch gets its number from PostgreSQL, then reads the clock (Migrations/0001.sql). So:
/// read the clock; take a number; when every transaction with a lower number has ended, all events up to the time that was read are visible. And a batch that begins later gets a later
/// time than <c>known_time</c>, whatever the clock does meanwhile.
/// </para>
/// </summary>
internal sealed class EventTail : IDisposable
{
    private const int PageEvents = 1000;

    private static readonly TimeSpan Unsettled = TimeSpan.FromMilliseconds(5);

    // Notifications come with the answers, so changes of the cluster are heard of so late, too.
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AfterError = TimeSpan.FromSeconds(1);

    private readonly PostgresStoreOptions options;
    private readonly EventPruner pruner;
    private readonly Lock gate = new();
    private readonly List<Action> watchers = [];

    // It sleeps at once: a wait that spins first costs more than the work in between.
    private readonly ManualResetEventSlim stopping = new(initialState: false, spinCount: 0);
    private readonly Thread thread;
    private Connection? connection;
    private EventPosition published = new(0, -1, 0);
    private (long Time, long Number)? mark;
    private long readable;
    private long settled;
    private bool failed;
    private bool disposed;

    public EventTail(PostgresStoreOptions options)
    {
        this.options = options;
        pruner = new EventPruner(options);
        thread = new Thread(Loop) { Name = "tail", IsBackground = true };
    }

    /// <summary>Up to this time (Unix milliseconds) every event can be read.</summary>
    public long Readable => Interlocked.Read(ref readable);

    /// <summary>Up to this time every event has been published too.</summary>
    public long Settled => Interlocked.Read(ref settled);

    private bool IsFollowed => options.Committed is { IsFollowed: true };

    /// <summary>Begins, with what is settled by now.</summary>
    public void Start()
    {
        connection = Open();
        Step(connection);
        for (var begun = Environment.TickCount64; mark is not null && Environment.TickCount64 - begun < options.Patience.TotalMilliseconds;)
        {
            stopping.Wait(Unsettled);
            Step(connection);
            if (Readable > 0)
                break;
        }

        thread.Start();
    }

    /// <summary>See <see cref="IShardStore.Watch"/>.</summary>
    public IDisposable Watch(Action changed)
    {
        lock (gate)
            watchers.Add(changed);
        return new Watcher(this, changed);
    }

    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        stopping.Set();
        if (thread.IsAlive)
            thread.Join();
        connection?.Dispose();
        stopping.Dispose();
    }

    private Connection Open()
    {
        var opened = Connection.Open(options, "tail");
        opened.Execute($"LISTEN {ShardTable.Channel}");
        return opened;
    }

    private void Loop()
    {
        while (!stopping.IsSet)
        {
            try
            {
                if (connection is null or { IsBroken: true })
                    Reconnect();
                var pause = Step(connection!);
                pruner.Prune(connection!);
                if (connection!.TakeNotification())
                    TellWatchers();
                stopping.Wait(pause);
                failed = false;
            }
            catch (StoreException e)
            {
                if (!failed)
                    options.Logger.TailFailed(e.Message);
                failed = true;
                stopping.Wait(AfterError);
            }
        }
    }

    private void Reconnect()
    {
        connection?.Dispose();
        connection = null;

        // Another server may count its transactions differently.
        mark = null;
        connection = Open();

        // Whatever was told meanwhile was missed.
        TellWatchers();
    }

    private TimeSpan Step(Connection open)
    {
        using var now = open.Query("SELECT cluster_time(0), known_time(), pg_snapshot_xmin(pg_current_snapshot())::text::bigint, (SELECT max(changed_at) FROM shard)");
        var known = Math.Min(now.Int64(0, 0), now.Int64(0, 1));
        if (mark is { } earlier && now.Int64(0, 2) >= earlier.Number)
        {
            mark = null;
            Settle(open, earlier.Time);
        }

        if (mark is null && known > Settled)
        {
            using var number = open.Query("SELECT pg_current_xact_id()::text::bigint");
            mark = (known, number.Int64(0, 0));
        }

        return IsFollowed && now.Int64(0, 3) > Settled ? Unsettled : Idle;
    }

    // First it may be read, then it is published, then it counts as published: who subscribes in between reads up to here, or is told.
    private void Settle(Connection open, long through)
    {
        if (through <= Settled)
            return;
        Interlocked.Exchange(ref readable, through);
        if (IsFollowed)
            Publish(open, through);
        published = new EventPosition(through, int.MaxValue, long.MaxValue);
        Interlocked.Exchange(ref settled, through);
    }

    private void Publish(Connection open, long through)
    {
        var since = published.At;
        for (var whole = true; whole;)
        {
            using var rows = EventLogReader.Read(open, published, through, PageEvents);
            whole = rows.Rows == PageEvents;
            var writes = new List<JournalWrite>(rows.Rows);
            for (var row = 0; row < rows.Rows; row++)
            {
                published = EventLogReader.PositionOf(rows, row);

                // A later event of the same binding will come with the row.
                if (!rows.IsNull(row, 5))
                    writes.Add(WriteOf(rows, row));
            }

            if (writes.Count > 0)
                options.Committed!.Publish(new JournalCommitted(writes, HasGap: false, EndedSince: since));
        }
    }

    private static JournalWrite WriteOf(Result rows, int row) => new()
    {
        Shard = (int)rows.Int64(row, 1),
        Epoch = 0,
        Key = new EntityKey(rows.Blob(row, 3)),
        RowId = rows.Int64(row, 5),
        Event = rows.Blob(row, 4).ToArray(),
        Row = new BindingRow { Payload = rows.Blob(row, 10).ToArray(), Link = "", ExpiresAt = 0 },
        Leases = default,
        ReplyTo = ActorRefs.Nobody,
        Outcome = JournalOutcome.Committed,
        Sequence = rows.Int64(row, 2),
        ChangedAt = rows.Int64(row, 0),
    };

    private void TellWatchers()
    {
        Action[] told;
        lock (gate)
            told = [.. watchers];
        foreach (var changed in told)
            changed();
    }

    private sealed class Watcher(EventTail tail, Action changed) : IDisposable
    {
        public void Dispose()
        {
            lock (tail.gate)
                tail.watchers.Remove(changed);
        }
    }
}
