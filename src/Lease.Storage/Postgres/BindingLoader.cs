using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Storage.Postgres;

/// <summary>Reads the rows of actors that start, on a thread and a connection of its own: those that come while one read is under way are read together with the next.</summary>
internal sealed class BindingLoader : IDisposable
{
    // While actors start fast, a moment's wait makes one read of many.
    private const int GatherFrom = 4;
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(1);

    private readonly object gate = new();
    private readonly Dictionary<EntityKey, BindingLoaded> found = [];
    private readonly PostgresStoreOptions options;
    private readonly StoreCounters counters;
    private readonly Thread thread;
    private List<(EntityKey Key, IActorRef ReplyTo)> waiting = [];
    private List<(EntityKey Key, IActorRef ReplyTo)> batch = [];
    private Connection? connection;
    private bool stopping;

    public BindingLoader(PostgresStoreOptions options, StoreCounters counters)
    {
        this.options = options;
        this.counters = counters;
        thread = new Thread(Loop) { Name = "loader", IsBackground = true };
        thread.Start();
    }

    /// <summary>See <see cref="IBindingStore.Load"/>.</summary>
    public void Load(EntityKey key, IActorRef replyTo)
    {
        lock (gate)
        {
            if (!stopping)
            {
                waiting.Add((key, replyTo));
                if (waiting.Count == 1)
                    Monitor.Pulse(gate);
                return;
            }
        }

        replyTo.Tell(new BindingLoadFailed(key, "the store is closing"));
    }

    public void Dispose()
    {
        lock (gate)
        {
            stopping = true;
            Monitor.Pulse(gate);
        }

        thread.Join();
        connection?.Dispose();
        connection = null;
    }

    private void Loop()
    {
        while (TryCollect())
        {
            LoadBatch();
            var isBusy = batch.Count >= GatherFrom;
            batch.Clear();
            options.AfterTell?.Invoke();
            if (isBusy)
                Thread.Sleep(GatherFor);
        }
    }

    // Sleeps at once: a queue of the framework spins first, and reads come thousands of times a second.
    private bool TryCollect()
    {
        lock (gate)
        {
            while (waiting.Count == 0 && !stopping)
                Monitor.Wait(gate);
            (batch, waiting) = (waiting, batch);
        }

        return batch.Count > 0;
    }

    private void LoadBatch()
    {
        try
        {
            Read();
            foreach (var (key, replyTo) in batch)
                replyTo.Tell(found.GetValueOrDefault(key) ?? new BindingLoaded(key, 0, Payload: null, 0));
        }
        catch (StoreException e)
        {
            foreach (var (key, replyTo) in batch)
                replyTo.Tell(new BindingLoadFailed(key, e.Message));
        }
    }

    private void Read()
    {
        if (connection is null or { IsBroken: true })
        {
            connection?.Dispose();
            connection = null;
            connection = Connection.Open(options, "loader");
        }

        Find(connection, batch, found);
        counters.CountLoads(found.Count);
    }

    /// <summary>Reads the rows of those that have one.</summary>
    /// <exception cref="StoreException">It could not.</exception>
    public static void Find(Connection connection, List<(EntityKey Key, IActorRef ReplyTo)> batch, Dictionary<EntityKey, BindingLoaded> found)
    {
        found.Clear();
        connection.Parameters.BeginBytesArray();
        foreach (var (key, _) in batch)
            connection.Parameters.Append(key.Bytes);
        using var rows = connection.Query("SELECT binding_key, id, payload, sequence FROM binding WHERE binding_key = ANY ($1)");
        for (var row = 0; row < rows.Rows; row++)
        {
            var key = new EntityKey(rows.Blob(row, 0));
            found[key] = new BindingLoaded(key, rows.Int64(row, 1), rows.Blob(row, 2).ToArray(), rows.Int64(row, 3));
        }
    }
}
