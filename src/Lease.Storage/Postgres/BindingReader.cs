using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Storage.Postgres;

/// <summary>What is due, and walks over whole tables, a page at a time.</summary>
internal sealed class BindingReader(ReadConnections connections)
{
    public IReadOnlyList<EntityKey> FindDue(IReadOnlyList<int> shards, long now, int limit) => connections.Use(
        (shards, now, limit),
        static (connection, query) =>
        {
            var parameters = connection.Parameters.Add(query.now);
            parameters.BeginInt64Array();
            foreach (var shard in query.shards)
                parameters.Append(shard);
            parameters.Add(query.limit);
            using var rows = connection.Query("SELECT binding_key FROM binding WHERE expires_at <= $1 AND shard_id = ANY ($2::bigint[]) ORDER BY expires_at LIMIT $3");
            var due = new List<EntityKey>(rows.Rows);
            for (var row = 0; row < rows.Rows; row++)
                due.Add(new EntityKey(rows.Blob(row, 0)));
            return due;
        });

    public IAsyncEnumerable<StoredBinding> ReadBindingsAsync(CancellationToken cancellation)
        => TablePages.ReadAsync(0L, after => connections.Use(after, ReadBindingPage), cancellation);

    public IAsyncEnumerable<StoredLease> ReadLeasesAsync(CancellationToken cancellation)
        => TablePages.ReadAsync((LeaseKey?)null, after => connections.Use(after, ReadLeasePage), cancellation);

    private static List<(long Id, StoredBinding Binding)> ReadBindingPage(Connection connection, long after)
    {
        connection.Parameters.Add(after).Add(TablePages.Rows);
        using var rows = connection.Query(
            "SELECT id, binding_key, shard_id, sequence, changed_at, link, remote_id, expires_at, payload FROM binding WHERE id > $1 ORDER BY id LIMIT $2");
        var page = new List<(long, StoredBinding)>(rows.Rows);
        for (var row = 0; row < rows.Rows; row++)
        {
            var current = new BindingRow
            {
                Link = rows.Text(row, 5),
                RemoteId = rows.IsNull(row, 6) ? null : rows.Blob(row, 6).ToArray(),
                ExpiresAt = rows.Int64(row, 7),
                Payload = rows.Blob(row, 8).ToArray(),
            };
            page.Add((rows.Int64(row, 0), new StoredBinding(new EntityKey(rows.Blob(row, 1)), (int)rows.Int64(row, 2), rows.Int64(row, 3), rows.Int64(row, 4), current)));
        }

        return page;
    }

    private static List<(LeaseKey? After, StoredLease Lease)> ReadLeasePage(Connection connection, LeaseKey? after)
    {
        connection.Parameters.AddAddress(after?.Address ?? UInt128.Zero).Add(after?.Length ?? -1L).Add(after?.Ports ?? -1L).Add(TablePages.Rows);
        using var rows = connection.Query(
            """
            SELECT l.address, l.length, l.ports, b.binding_key, l.state, l.changed_at FROM lease l LEFT JOIN binding b ON b.id = l.binding_id
            WHERE (l.address, l.length, l.ports) > ($1, $2, $3) ORDER BY l.address, l.length, l.ports LIMIT $4
            """);
        var page = new List<(LeaseKey?, StoredLease)>(rows.Rows);
        for (var row = 0; row < rows.Rows; row++)
        {
            var key = new LeaseKey(rows.Address(row, 0), (byte)rows.Int64(row, 1), (uint)rows.Int64(row, 2));
            page.Add((key, new StoredLease(key, rows.IsNull(row, 3) ? null : new EntityKey(rows.Blob(row, 3)), (LeaseState)rows.Int64(row, 4), rows.Int64(row, 5))));
        }

        return page;
    }
}
