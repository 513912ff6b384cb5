using Lease.Kernel.Persistence;

namespace Lease.Storage.Postgres;

/// <summary>The walks of <see cref="IBindingQueries"/>: a page of rows is one statement.</summary>
internal sealed class TableQueries(ReadConnections connections)
{
    private const string Columns = "b.id, b.shard_id, b.sequence, b.changed_at, b.binding_key, b.payload";
    private const string Rows = $"SELECT {Columns} FROM binding b WHERE b.id > $1";

    private static readonly string Holder =
        $"""
         SELECT {Columns}, l.length FROM unnest($1::bytea[], $2::bigint[]) AS c(address, length)
         JOIN lease l ON l.address = c.address AND l.length = c.length JOIN binding b ON b.id = l.binding_id
         WHERE l.state <> 0 AND l.ports <> {LeaseKey.GuardOnly} ORDER BY l.length DESC, l.ports
         """;

    private static readonly string HoldingWithin =
        $"""
         SELECT {Columns}, l.address, l.length, l.ports FROM lease l JOIN binding b ON b.id = l.binding_id
         WHERE (l.address, l.length, l.ports) > ($1, $2, $3) AND l.address <= $4 AND l.length >= $5 AND l.state <> 0 AND l.ports <> {LeaseKey.GuardOnly}
         ORDER BY l.address, l.length, l.ports LIMIT $6
         """;

    public long NewestRow => connections.Use(0, static (connection, _) =>
    {
        using var newest = connection.Query("SELECT max(id) FROM binding");
        return newest.Int64(0, 0);
    });

    public WalkResult Walk<TVisitor>(BindingSelection selection, WalkPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        if (selection is BindingSelection.Holding && after.RowId != 0)
            return new WalkResult(after, Ended: true);

        // The rows outlive the connection's use: a visitor may ask the store itself.
        using var rows = connections.Use((selection, after, limit), static (connection, query) => Find(connection, query.selection, query.after, query.limit));
        var position = after;
        for (var row = 0; row < rows.Rows; row++)
        {
            // Of the prefixes around an address only the longest counts; more than one row where an address is shared by port sets.
            if (selection is BindingSelection.Holding && rows.Int64(row, 6) != rows.Int64(0, 6))
                break;
            LeaseKey? foundBy = selection is BindingSelection.HoldingWithin ? new LeaseKey(rows.Address(row, 6), (byte)rows.Int64(row, 7), (uint)rows.Int64(row, 8)) : null;
            if (!visitor.Visit(RecordOf(rows, row, foundBy)))
                return new WalkResult(position, Ended: false);
            position = new WalkPosition(rows.Int64(row, 0), foundBy?.Address ?? 0, foundBy?.Length ?? 0, foundBy?.Ports ?? 0);
        }

        return new WalkResult(position, Ended: selection is BindingSelection.Holding || rows.Rows < limit);
    }

    public bool IsHeldByAnother(LeaseKey lease, long rowId) => connections.Use((lease, rowId), static (connection, query) =>
    {
        connection.Parameters.AddAddress(query.lease.Address).Add(query.lease.Length).Add(query.lease.Ports).Add(query.rowId);
        using var held = connection.Query("SELECT 1 FROM lease WHERE address = $1 AND length = $2 AND ports = $3 AND state <> 0 AND binding_id <> $4");
        return held.Rows > 0;
    });

    /// <summary>A row whose columns begin as those of a walk do, from column <paramref name="first"/> on.</summary>
    public static BindingRecord RecordOf(Result rows, int row, LeaseKey? foundBy, int first = 0) => new()
    {
        RowId = rows.Int64(row, first),
        Shard = (int)rows.Int64(row, first + 1),
        Sequence = rows.Int64(row, first + 2),
        ChangedAt = rows.Int64(row, first + 3),
        Key = rows.Blob(row, first + 4),
        Payload = rows.Blob(row, first + 5),
        FoundBy = foundBy,
    };

    private static Result Find(Connection connection, BindingSelection selection, WalkPosition after, int limit)
    {
        var parameters = connection.Parameters;
        switch (selection)
        {
            case BindingSelection.Holding holding:
                AddCandidates(parameters, holding.Address);
                return connection.Query(Holder);
            case BindingSelection.HoldingWithin within:
                AddRange(parameters, within, after);
                parameters.Add(limit);
                return connection.Query(HoldingWithin);
        }

        parameters.Add(after.RowId).Add(limit);
        switch (selection)
        {
            case BindingSelection.Every:
                return connection.Query($"{Rows} ORDER BY b.id LIMIT $2");
            case BindingSelection.WithKey one:
                parameters.Add(one.Key.Bytes);
                return connection.Query($"{Rows} AND b.binding_key = $3 LIMIT $2");
            case BindingSelection.WithKeyPrefix some:
                AddPrefix(parameters, some.Prefix.Span);
                return connection.Query($"{Rows} AND b.binding_key >= $3 AND b.binding_key < $4 ORDER BY b.id LIMIT $2");
            case BindingSelection.OnLink link:
                parameters.Add(link.Link);
                return connection.Query($"{Rows} AND b.link = $3 ORDER BY b.id LIMIT $2");
            case BindingSelection.WithRemoteId remote:
                parameters.Add(IdentifierKey.Of(remote.RemoteId.Span));
                return connection.Query($"{Rows} AND b.remote_id = $3 ORDER BY b.id LIMIT $2");
            case BindingSelection.WithDeviceId device:
                parameters.Add(IdentifierKey.Of(device.DeviceId.Span));
                return connection.Query($"{Rows} AND b.device_id = $3 ORDER BY b.id LIMIT $2");
            case BindingSelection.WithRelayId relay:
                parameters.Add(IdentifierKey.Of(relay.RelayId.Span));
                return connection.Query(
                    $"SELECT {Columns} FROM binding_relay r JOIN binding b ON b.id = r.binding_id WHERE r.relay_id = $3 AND r.binding_id > $1 ORDER BY r.binding_id LIMIT $2");
            default:
                throw new ArgumentException($"unknown selection {selection}", nameof(selection));
        }
    }

    // The address itself and every prefix that contains it; the longest that is leased counts, which comes first.
    private static void AddCandidates(Parameters parameters, UInt128 address)
    {
        parameters.BeginBytesArray();
        for (var length = 128; length >= 0; length--)
            parameters.AppendAddress(LeaseKey.FirstOf(address, length));
        parameters.BeginInt64Array();
        for (var length = 128; length >= 0; length--)
            parameters.Append((long)length);
    }

    private static void AddRange(Parameters parameters, BindingSelection.HoldingWithin within, WalkPosition after)
    {
        var span = within.Length == 0 ? UInt128.MaxValue : (UInt128.One << (128 - within.Length)) - 1;
        var isBegun = after.RowId != 0;
        parameters.AddAddress(isBegun ? after.Address : within.Start).Add(isBegun ? after.Length : -1L).Add(isBegun ? after.Ports : -1L).AddAddress(within.Start | span).Add((long)within.Length);
    }

    // Keys that begin so are those from the prefix up to its next in order.
    private static void AddPrefix(Parameters parameters, ReadOnlySpan<byte> prefix)
    {
        parameters.Add(prefix);
        Span<byte> next = stackalloc byte[prefix.Length];
        prefix.CopyTo(next);
        var last = next.Length - 1;
        while (last >= 0 && next[last] == byte.MaxValue)
            last--;
        if (last < 0)
        {
            parameters.Add([byte.MaxValue, .. prefix]);
            return;
        }

        next[last]++;
        parameters.Add(next[..(last + 1)]);
    }
}
