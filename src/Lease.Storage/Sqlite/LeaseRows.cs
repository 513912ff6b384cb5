using System.Buffers.Binary;
using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>Lease rows of a range of addresses in their order, and the leases that the range's start lies in.</summary>
internal sealed class LeaseRows(Database database, PrefixLengths lengths) : IDisposable
{
    private const string Columns = "SELECT address, length, ports, state, changed_at FROM lease";

    private readonly Statement between = database.PrepareOnce($"{Columns} WHERE address BETWEEN ?1 AND ?2 ORDER BY address, length, ports");
    private readonly Statement exact = database.PrepareOnce($"{Columns} WHERE address = ?1 AND length = ?2 AND ports = 0 AND state <> 0");

    /// <summary>The row that was stepped to last.</summary>
    public SliceLease Current => Read(between);

    /// <summary>Begins a walk.</summary>
    public void Begin(UInt128 first, UInt128 last)
    {
        Bind(between, 1, first);
        Bind(between, 2, last);
    }

    /// <summary>Goes to the next row.</summary>
    public bool Step() => between.Step();

    /// <summary>Ends a walk early.</summary>
    public void End() => between.Reset();

    /// <summary>The leases of shorter lengths that contain an address and begin before it.</summary>
    public List<SliceLease> Around(UInt128 address, int length)
    {
        var found = new List<SliceLease>();
        for (var shorter = 0; shorter < length; shorter++)
        {
            if (!lengths.Contains(shorter) || LeaseKey.FirstOf(address, shorter) is var first && first == address)
                continue;
            Bind(exact, 1, first);
            exact.Bind(2, shorter);
            while (exact.Step())
                found.Add(Read(exact));
        }

        return found;
    }

    public void Dispose()
    {
        between.Dispose();
        exact.Dispose();
    }

    private static SliceLease Read(Statement row)
        => new(new LeaseKey(BinaryPrimitives.ReadUInt128BigEndian(row.Blob(0)), (byte)row.Int64(1), (uint)row.Int64(2)),
            (LeaseState)row.Int64(3), row.Int64(4));

    private static void Bind(Statement statement, int index, UInt128 address)
    {
        Span<byte> octets = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(octets, address);
        statement.Bind(index, octets);
    }
}
