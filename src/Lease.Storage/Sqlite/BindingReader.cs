using System.Buffers.Binary;
using System.Collections.Concurrent;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Storage.Sqlite;

/// <summary>Reads of the tables, on connections of their own. Rows of long walks are read a page at a time, so that no walk keeps the log from being emptied.</summary>
internal sealed class BindingReader(StoreFile file) : IDisposable
{
    private readonly ConcurrentBag<Connection> idle = [];
    private volatile bool disposed;

    public BindingLoaded Load(EntityKey key) => Use(
        key,
        static (connection, key) =>
        {
            var load = connection.Load.Bind(1, key.Bytes);
            if (!load.Step())
                return new BindingLoaded(key, 0, Payload: null, 0);
            var loaded = new BindingLoaded(key, load.Int64(0), load.Blob(1).ToArray(), load.Int64(2));
            load.Reset();
            return loaded;
        });

    public IReadOnlyList<EntityKey> FindDue(IReadOnlyList<int> shards, long now, int limit) => Use(
        (shards, now, limit),
        static (connection, query) =>
        {
            var due = new List<EntityKey>();
            var find = connection.FindDue.Bind(1, query.now);
            while (due.Count < query.limit && find.Step())
            {
                if (query.shards.Contains((int)find.Int64(1)))
                    due.Add(new EntityKey(find.Blob(0)));
            }

            find.Reset();
            return due;
        });

    public IAsyncEnumerable<StoredBinding> ReadBindingsAsync(CancellationToken cancellation)
        => TablePages.ReadAsync(0L, after => Use(after, ReadBindingPage), cancellation);

    public IAsyncEnumerable<StoredLease> ReadLeasesAsync(CancellationToken cancellation)
        => TablePages.ReadAsync((LeaseKey?)null, after => Use(after, ReadLeasePage), cancellation);

    public void Dispose()
    {
        disposed = true;
        while (idle.TryTake(out var connection))
            connection.Dispose();
    }

    private static List<(long Id, StoredBinding Binding)> ReadBindingPage(Connection connection, long after)
    {
        var page = new List<(long, StoredBinding)>(TablePages.Rows);
        var read = connection.ReadBindings.Bind(1, after).Bind(2, TablePages.Rows);
        while (read.Step())
        {
            var row = new BindingRow
            {
                Link = read.Text(5),
                RemoteId = read.IsNull(6) ? null : read.Blob(6).ToArray(),
                ExpiresAt = read.Int64(7),
                Payload = read.Blob(8).ToArray(),
            };
            page.Add((read.Int64(0), new StoredBinding(new EntityKey(read.Blob(1)), (int)read.Int64(2), read.Int64(3), read.Int64(4), row)));
        }

        return page;
    }

    private static List<(LeaseKey? After, StoredLease Lease)> ReadLeasePage(Connection connection, LeaseKey? after)
    {
        var page = new List<(LeaseKey?, StoredLease)>(TablePages.Rows);
        Span<byte> address = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(address, after?.Address ?? 0);
        var read = connection.ReadLeases
            .Bind(1, after is null ? [] : address).Bind(2, after?.Length ?? -1L).Bind(3, after?.Ports ?? -1L).Bind(4, TablePages.Rows);
        while (read.Step())
        {
            var key = new LeaseKey(BinaryPrimitives.ReadUInt128BigEndian(read.Blob(0)), (byte)read.Int64(1), (uint)read.Int64(2));
            var binding = read.IsNull(3) ? null : new EntityKey(read.Blob(3));
            page.Add((key, new StoredLease(key, binding, (LeaseState)read.Int64(4), read.Int64(5))));
        }

        return page;
    }

    private TResult Use<TArgument, TResult>(TArgument argument, Func<Connection, TArgument, TResult> read)
    {
        if (!idle.TryTake(out var connection))
            connection = new Connection(file);
        var whole = false;
        try
        {
            var result = read(connection, argument);
            whole = true;
            return result;
        }
        finally
        {
            // One that failed may be in the middle of a statement.
            if (whole && !disposed)
                idle.Add(connection);
            else
                connection.Dispose();
        }
    }

    private sealed class Connection : IDisposable
    {
        private readonly Database database;

        public Connection(StoreFile file)
        {
            database = file.OpenReader();
            Load = database.Prepare("SELECT id, payload, sequence FROM binding WHERE binding_key = ?1");
            FindDue = database.Prepare("SELECT binding_key, shard_id FROM binding WHERE expires_at <= ?1 ORDER BY expires_at");
            ReadBindings = database.Prepare(
                """
                SELECT id, binding_key, shard_id, sequence, changed_at, link, remote_id, expires_at, payload FROM binding WHERE id > ?1 ORDER BY id LIMIT ?2
                """);
            ReadLeases = database.Prepare(
                """
                SELECT l.address, l.length, l.ports, b.binding_key, l.state, l.changed_at FROM lease l LEFT JOIN binding b ON b.id = l.binding_id
                WHERE (l.address, l.length, l.ports) > (?1, ?2, ?3) ORDER BY l.address, l.length, l.ports LIMIT ?4
                """);
        }

        public Statement Load { get; }

        public Statement FindDue { get; }

        public Statement ReadBindings { get; }

        public Statement ReadLeases { get; }

        public void Dispose() => database.Dispose();
    }
}
