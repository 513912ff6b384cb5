using System.Buffers.Binary;
using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>
/// Whether a claim contains another binding's lease or lies in one, whatever the lengths. For each length it is known between which
/// addresses leases of it have been claimed, so that most claims need no look at the table: addresses and prefixes seldom lie among each
/// other. For the journal's thread.
/// </summary>
internal sealed class LeaseOverlaps
{
    private readonly Statement around;
    private readonly Statement inside;
    private readonly List<Extent> extents = [];

    /// <summary>Reads the extents from the table.</summary>
    public LeaseOverlaps(Database database)
    {
        const string anothers = "AND length = ?2 AND ports = 0 AND state <> 0 AND binding_id <> ?3";
        around = database.Prepare($"SELECT 1 FROM lease WHERE address = ?1 {anothers}");
        inside = database.Prepare($"SELECT 1 FROM lease WHERE address BETWEEN ?1 AND ?4 {anothers} LIMIT 1");
        const string claimed = "SELECT address FROM lease WHERE length = ?1 AND ports = 0 AND state <> 0 ORDER BY address";
        using var lengths = database.PrepareOnce("SELECT DISTINCT length FROM lease");
        using var first = database.PrepareOnce($"{claimed} LIMIT 1");
        using var last = database.PrepareOnce($"{claimed} DESC LIMIT 1");
        while (lengths.Step())
        {
            Note(first, (byte)lengths.Int64(0));
            Note(last, (byte)lengths.Int64(0));
        }
    }

    /// <summary>Notes a lease that is being claimed.</summary>
    public void Note(LeaseKey key)
    {
        if (key.Ports != 0)
            return;
        foreach (var extent in extents)
        {
            if (extent.Length != key.Length)
                continue;
            extent.First = UInt128.Min(extent.First, key.Address);
            extent.Last = UInt128.Max(extent.Last, key.Last);
            return;
        }

        extents.Add(new Extent(key));
    }

    /// <summary>Whether another binding than <paramref name="rowId"/> holds what overlaps <paramref name="key"/>, and is not its
    /// equal.</summary>
    public bool Contains(LeaseKey key, long rowId)
    {
        if (key.Ports != 0)
            return false;
        foreach (var extent in extents)
        {
            if (extent.Length != key.Length && key.Address <= extent.Last && extent.First <= key.Last && IsHeld(key, extent.Length, rowId))
                return true;
        }

        return false;
    }

    private void Note(Statement find, byte length)
    {
        if (find.Bind(1, length).Step())
            Note(new LeaseKey(BinaryPrimitives.ReadUInt128BigEndian(find.Blob(0)), length));
        find.Reset();
    }

    private bool IsHeld(LeaseKey key, int length, long rowId)
    {
        var statement = length < key.Length ? around : inside;
        Span<byte> address = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(address, LeaseKey.FirstOf(key.Address, Math.Min(length, key.Length)));
        statement.Bind(1, address).Bind(2, length).Bind(3, rowId);
        if (length > key.Length)
        {
            BinaryPrimitives.WriteUInt128BigEndian(address, key.Last);
            statement.Bind(4, address);
        }

        var isHeld = statement.Step();
        statement.Reset();
        return isHeld;
    }

    private sealed class Extent(LeaseKey key)
    {
        public byte Length { get; } = key.Length;

        public UInt128 First { get; set; } = key.Address;

        public UInt128 Last { get; set; } = key.Last;
    }
}
