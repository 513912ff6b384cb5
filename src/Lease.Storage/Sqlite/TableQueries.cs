using System.Buffers.Binary;
using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>The walks of <see cref="IBindingQueries"/>: rows go to the visitor straight from SQLite's page, and a page of them is one read transaction.</summary>
/// <param name="file">The database file.</param>
/// <param name="lengths">The lengths of leased prefixes.</param>
internal sealed class TableQueries(StoreFile file, PrefixLengths lengths) : IDisposable
{
    private readonly ReadConnections<Statements> connections = new(file, static database => new Statements(database));

    public WalkResult Walk<TVisitor>(BindingSelection selection, WalkPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        var connection = connections.Take();
        var statements = connection.Statements;
        var result = selection switch
        {
            BindingSelection.Every => WalkRows(statements.Every, after, limit, ref visitor),
            BindingSelection.WithKey one => WalkRows(statements.WithKey.Bind(3, one.Key.Bytes), after, limit, ref visitor),
            BindingSelection.WithKeyPrefix some => WalkRows(BindPrefix(statements.WithKeyPrefix, some.Prefix.Span), after, limit, ref visitor),
            BindingSelection.OnLink link => WalkRows(statements.OnLink.Bind(3, link.Link), after, limit, ref visitor),
            BindingSelection.WithRemoteId remote => WalkRows(statements.WithRemoteId.Bind(3, remote.RemoteId.Span), after, limit, ref visitor),
            BindingSelection.WithRelayId relay => WalkRows(statements.WithRelayId.Bind(3, relay.RelayId.Span), after, limit, ref visitor),
            BindingSelection.WithDeviceId device => WalkRows(statements.WithDeviceId.Bind(3, device.DeviceId.Span), after, limit, ref visitor),
            BindingSelection.Holding holding => WalkHolder(statements.Holder, holding.Address, after, ref visitor),
            BindingSelection.HoldingWithin within => WalkLeases(statements.HoldingWithin, within, after, limit, ref visitor),
            _ => throw new ArgumentException($"unknown selection {selection}", nameof(selection)),
        };
        connections.Return(connection);
        return result;
    }

    public bool IsHeldByAnother(LeaseKey lease, long rowId)
    {
        var connection = connections.Take();
        Span<byte> address = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(address, lease.Address);
        var statement = connection.Statements.HeldByAnother.Bind(1, address).Bind(2, lease.Length).Bind(3, lease.Ports).Bind(4, rowId);
        var held = statement.Step();
        statement.Reset();
        connections.Return(connection);
        return held;
    }

    public void Dispose() => connections.Dispose();

    private static WalkResult WalkRows<TVisitor>(Statement statement, WalkPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        statement.Bind(1, after.RowId).Bind(2, limit);
        var position = after;
        for (var rows = 0; statement.Step(); rows++)
        {
            var record = RecordOf(statement, foundBy: null);
            if (!visitor.Visit(record))
            {
                statement.Reset();
                return new WalkResult(position, Ended: false);
            }

            position = new WalkPosition(record.RowId);
            if (rows + 1 == limit)
            {
                statement.Reset();
                return new WalkResult(position, Ended: false);
            }
        }

        return new WalkResult(position, Ended: true);
    }

    private static WalkResult WalkLeases<TVisitor>(Statement statement, BindingSelection.HoldingWithin within, WalkPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        Span<byte> first = stackalloc byte[16];
        Span<byte> last = stackalloc byte[16];
        var span = within.Length == 0 ? UInt128.MaxValue : (UInt128.One << (128 - within.Length)) - 1;
        var isBegun = after.RowId != 0;
        BinaryPrimitives.WriteUInt128BigEndian(first, isBegun ? after.Address : within.Start);
        BinaryPrimitives.WriteUInt128BigEndian(last, within.Start | span);
        statement.Bind(1, first).Bind(2, isBegun ? after.Length : -1L).Bind(3, isBegun ? after.Ports : -1L).Bind(4, last).Bind(5, within.Length).Bind(6, limit);
        var position = after;
        for (var rows = 0; statement.Step(); rows++)
        {
            var key = new LeaseKey(BinaryPrimitives.ReadUInt128BigEndian(statement.Blob(6)), (byte)statement.Int64(7), (uint)statement.Int64(8));
            var record = RecordOf(statement, key);
            if (!visitor.Visit(record))
            {
                statement.Reset();
                return new WalkResult(position, Ended: false);
            }

            position = new WalkPosition(record.RowId, key.Address, key.Length, key.Ports);
            if (rows + 1 == limit)
            {
                statement.Reset();
                return new WalkResult(position, Ended: false);
            }
        }

        return new WalkResult(position, Ended: true);
    }

    private WalkResult WalkHolder<TVisitor>(Statement statement, UInt128 address, WalkPosition after, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        var position = after;
        for (var length = 128; length >= 0 && after.RowId == 0; length--)
        {
            if (length < 128 && !lengths.Contains(length))
                continue;
            var isFound = TryVisitHolder(statement, LeaseKey.FirstOf(address, length), length, ref position, ref visitor, out var taken);
            if (isFound)
                return new WalkResult(position, taken);
        }

        return new WalkResult(position, Ended: true);
    }

    private static bool TryVisitHolder<TVisitor>(
        Statement statement, UInt128 first, int length, ref WalkPosition position, ref TVisitor visitor, out bool taken)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        Span<byte> address = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(address, first);
        taken = true;
        statement.Bind(1, address).Bind(2, length);
        var isFound = false;

        // More than one where an address is shared by port sets.
        while (statement.Step())
        {
            isFound = true;
            var record = RecordOf(statement, foundBy: null);
            taken = visitor.Visit(record);
            if (!taken)
            {
                statement.Reset();
                break;
            }

            position = new WalkPosition(record.RowId);
        }

        return isFound;
    }

    private static BindingRecord RecordOf(Statement statement, LeaseKey? foundBy) => new()
    {
        RowId = statement.Int64(0),
        Shard = (int)statement.Int64(1),
        Sequence = statement.Int64(2),
        ChangedAt = statement.Int64(3),
        Key = statement.Blob(4),
        Payload = statement.Blob(5),
        FoundBy = foundBy,
    };

    // Keys that begin so are those from the prefix up to its next in order.
    private static Statement BindPrefix(Statement statement, ReadOnlySpan<byte> prefix)
    {
        Span<byte> next = stackalloc byte[prefix.Length];
        prefix.CopyTo(next);
        var last = next.Length - 1;
        while (last >= 0 && next[last] == byte.MaxValue)
            last--;
        statement.Bind(3, prefix);
        if (last < 0)
            return statement.Bind(4, [byte.MaxValue, .. prefix]);
        next[last]++;
        return statement.Bind(4, next[..(last + 1)]);
    }

    private sealed class Statements(Database database)
    {
        private const string Columns = "b.id, b.shard_id, b.sequence, b.changed_at, b.binding_key, b.payload";

        public Statement Every { get; } = database.Prepare($"SELECT {Columns} FROM binding b WHERE b.id > ?1 ORDER BY b.id LIMIT ?2");

        public Statement WithKey { get; } = database.Prepare($"SELECT {Columns} FROM binding b WHERE b.binding_key = ?3 AND b.id > ?1 LIMIT ?2");

        public Statement WithKeyPrefix { get; } = database.Prepare(
            $"SELECT {Columns} FROM binding b INDEXED BY binding_by_key WHERE b.binding_key >= ?3 AND b.binding_key < ?4 AND b.id > ?1 ORDER BY b.id LIMIT ?2");

        public Statement OnLink { get; } = database.Prepare(
            $"SELECT {Columns} FROM binding b INDEXED BY binding_by_link WHERE b.link = ?3 AND b.id > ?1 ORDER BY b.id LIMIT ?2");

        public Statement WithRemoteId { get; } = database.Prepare(
            $"SELECT {Columns} FROM binding b INDEXED BY binding_by_remote_id WHERE b.remote_id = ?3 AND b.id > ?1 ORDER BY b.id LIMIT ?2");

        public Statement WithDeviceId { get; } = database.Prepare(
            $"SELECT {Columns} FROM binding b INDEXED BY binding_by_device_id WHERE b.device_id = ?3 AND b.id > ?1 ORDER BY b.id LIMIT ?2");

        public Statement WithRelayId { get; } = database.Prepare(
            $"""
             SELECT {Columns} FROM binding_relay r CROSS JOIN binding b ON b.id = r.binding_id
             WHERE r.relay_id = ?3 AND r.binding_id > ?1 ORDER BY r.binding_id LIMIT ?2
             """);

        public Statement Holder { get; } = database.Prepare(
            $"SELECT {Columns} FROM lease l CROSS JOIN binding b ON b.id = l.binding_id WHERE l.address = ?1 AND l.length = ?2 AND l.state <> 0 AND l.ports <> {LeaseKey.GuardOnly}");

        public Statement HoldingWithin { get; } = database.Prepare(
            $"""
             SELECT {Columns}, l.address, l.length, l.ports FROM lease l CROSS JOIN binding b ON b.id = l.binding_id
             WHERE (l.address, l.length, l.ports) > (?1, ?2, ?3) AND l.address <= ?4 AND l.length >= ?5 AND l.state <> 0 AND l.ports <> {LeaseKey.GuardOnly}
             ORDER BY l.address, l.length, l.ports LIMIT ?6
             """);

        public Statement HeldByAnother { get; } = database.Prepare(
            "SELECT 1 FROM lease WHERE address = ?1 AND length = ?2 AND ports = ?3 AND state <> 0 AND binding_id <> ?4");
    }
}
