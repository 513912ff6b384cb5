using Lease.Kernel.Sharding;

namespace Lease.Kernel.Persistence;

/// <summary>Which rows of the binding table a query is about.</summary>
public abstract record BindingSelection
{
    private BindingSelection()
    {
    }

    /// <summary>Every binding.</summary>
    public sealed record Every : BindingSelection;

    /// <summary>The binding of one entity.</summary>
    /// <param name="Key">The entity.</param>
    public sealed record WithKey(EntityKey Key) : BindingSelection;

    /// <summary>The bindings whose key begins so: one client's on all links.</summary>
    /// <param name="Prefix">The key's first octets, at least one.</param>
    public sealed record WithKeyPrefix(ReadOnlyMemory<byte> Prefix) : BindingSelection;

    /// <summary>The bindings on one link.</summary>
    /// <param name="Link">As in <see cref="BindingRow.Link"/>.</param>
    public sealed record OnLink(string Link) : BindingSelection;

    /// <summary>The bindings with this <see cref="BindingRow.RemoteId"/>.</summary>
    /// <param name="RemoteId">Enterprise number and remote-id.</param>
    public sealed record WithRemoteId(ReadOnlyMemory<byte> RemoteId) : BindingSelection;

    /// <summary>The bindings that have this one among their <see cref="BindingRow.RelayIds"/>.</summary>
    /// <param name="RelayId">A relay's DUID.</param>
    public sealed record WithRelayId(ReadOnlyMemory<byte> RelayId) : BindingSelection;

    /// <summary>The bindings with this <see cref="BindingRow.DeviceId"/>.</summary>
    /// <param name="DeviceId">As stored.</param>
    public sealed record WithDeviceId(ReadOnlyMemory<byte> DeviceId) : BindingSelection;

    /// <summary>The binding that holds the address, else the one that holds the longest prefix that contains it.</summary>
    /// <param name="Address">The address as a number, first octet most significant.</param>
    public sealed record Holding(UInt128 Address) : BindingSelection;

    /// <summary>The bindings that hold addresses or prefixes within a prefix, or the prefix itself; visited once for each of these: see <see cref="BindingRecord.FoundBy"/>.</summary>
    /// <param name="Start">The prefix's first address.</param>
    /// <param name="Length">Its length, 0..128.</param>
    public sealed record HoldingWithin(UInt128 Start, byte Length) : BindingSelection;
}

/// <summary>How far a walk has come: the last row that was taken. The default value stands before the first row.</summary>
/// <param name="RowId">The row's handle. Most walks are in the order of handles, which are never used again.</param>
/// <param name="Address">For walks in the order of leases: the lease by which the row was found.</param>
/// <param name="Length">Its length.</param>
/// <param name="Ports">Its port set.</param>
public readonly record struct WalkPosition(long RowId, UInt128 Address = default, byte Length = 0, uint Ports = 0);

/// <summary>How a walk ended.</summary>
/// <param name="Position">The last row taken, or where the walk began.</param>
/// <param name="Ended">Whether no row is left; false when the visitor refused one or the limit was reached.</param>
public readonly record struct WalkResult(WalkPosition Position, bool Ended);

/// <summary>A row as it stands in the table, without a copy: its octets are valid only while it is visited.</summary>
public readonly ref struct BindingRecord
{
    /// <summary>The storage's handle: see <see cref="JournalWrite.RowId"/>.</summary>
    public required long RowId { get; init; }

    /// <summary>The shard of the entity.</summary>
    public required int Shard { get; init; }

    /// <summary>Number of the last event in its shard.</summary>
    public required long Sequence { get; init; }

    /// <summary>Time of the last event, Unix milliseconds.</summary>
    public required long ChangedAt { get; init; }

    /// <summary>The entity's key.</summary>
    public required ReadOnlySpan<byte> Key { get; init; }

    /// <summary>The state, in the owner's encoding.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>In a walk in the order of leases: the lease by which the row was found; else null.</summary>
    public LeaseKey? FoundBy { get; init; }
}

/// <summary>Takes the rows of a walk.</summary>
public interface IBindingVisitor
{
    /// <summary>Called for each row, on the thread of the walk.</summary>
    /// <returns>False when it was not taken: the walk stops in front of it.</returns>
    bool Visit(in BindingRecord record);
}

/// <summary>
/// Queries over the tables, for leasequery: they run on the caller's thread, on connections of their own, see every write that was told as committed before, and hold
/// nothing open between two calls.
/// </summary>
public interface IBindingQueries
{
    /// <summary>The highest row handle given so far: a walk that stops there ends although rows are added meanwhile.</summary>
    long NewestRow { get; }

    /// <summary>Visits at most <paramref name="limit"/> of the selected rows behind <paramref name="after"/>.</summary>
    /// <exception cref="IOException">The table cannot be read.</exception>
    WalkResult Walk<TVisitor>(BindingSelection selection, WalkPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct;

    /// <summary>Whether another binding than the one with handle <paramref name="rowId"/> holds <paramref name="lease"/> now.</summary>
    /// <exception cref="IOException">The table cannot be read.</exception>
    bool IsHeldByAnother(LeaseKey lease, long rowId);
}
