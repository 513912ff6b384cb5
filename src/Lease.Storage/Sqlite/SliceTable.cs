using System.Buffers.Binary;
using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>The slice table and the lease rows within slices. Everything runs on the writing connection, within a job of the journal.</summary>
internal static class SliceTable
{
    public static IReadOnlyList<Slice> Load(Database database, int shard, IReadOnlyList<PoolRange> pools)
    {
        var slices = new List<Slice>();
        using var owned = database.PrepareOnce("SELECT slice FROM slice WHERE shard_id = ?1 AND pool = ?2 ORDER BY slice");
        using var leases = PrepareLeases(database);
        foreach (var pool in pools)
        {
            owned.Bind(1, shard).Bind(2, pool.Id);
            while (owned.Step())
                slices.Add(Read(leases, pool, owned.Int64(0)));
        }

        return slices;
    }

    public static IReadOnlyList<Slice>[] Take(Database database, PoolRange pool, IReadOnlyList<SliceRequest> requests)
    {
        var first = FirstBeyond(database, pool);
        var counts = SliceRequests<Database>.Share(requests, pool.SliceCount - first);
        var given = new IReadOnlyList<Slice>[counts.Length];
        using var insert = database.PrepareOnce("INSERT INTO slice (pool, slice, shard_id) VALUES (?1, ?2, ?3)");
        using var leases = PrepareLeases(database);
        for (var i = 0; i < counts.Length; i++)
        {
            var taken = new List<Slice>(counts[i]);
            var next = counts[i] > 0 ? first : FindGap(database, pool);
            for (var n = Math.Max(counts[i], 1); n > 0 && next < pool.SliceCount; n--, next++)
            {
                insert.Bind(1, pool.Id).Bind(2, next).Bind(3, requests[i].Shard).Run();
                taken.Add(Read(leases, pool, next));
            }

            first += counts[i];
            given[i] = taken;
        }

        return given;
    }

    /// <summary>Walks over the pool's lease rows from a place of the shard's own, around the end, and collects the units between them and the free ones among them.</summary>
    public static IReadOnlyList<LeaseKey> FindFreeUnits(Database database, PoolRange pool, int shard, int limit)
    {
        var free = new List<LeaseKey>();
        using var rows = PrepareLeases(database);

        // Multiples of the golden ratio lie apart however many shards there are.
        var place = (uint)(ushort)(shard * 40_503);
        var start = pool.Units > ulong.MaxValue ? (pool.Units >> 16) * place : pool.Units * place >> 16;
        Collect(rows, pool, start, pool.Units, limit, free);
        Collect(rows, pool, 0, start, limit, free);
        return free;
    }

    public static bool IsFree(Database database, LeaseKey key)
    {
        using var rows = PrepareLeases(database);
        BindRange(rows, key.Address, key.Address);
        while (rows.Step())
        {
            if (KeyOf(rows) == key && (LeaseState)rows.Int64(3) != LeaseState.Free)
                return false;
        }

        return true;
    }

    private static void Collect(Statement rows, PoolRange pool, UInt128 from, UInt128 to, int limit, List<LeaseKey> free)
    {
        if (from >= to)
            return;
        var next = from;
        BindRange(rows, pool.KeyOf(from).Address, pool.KeyOf(to - 1).Address);
        while (free.Count < limit && rows.Step())
        {
            if (!pool.TryUnitOf(KeyOf(rows), out var unit) || unit < next || unit >= to)
                continue;
            for (; next < unit && free.Count < limit; next++)
                free.Add(pool.KeyOf(next));
            if ((LeaseState)rows.Int64(3) == LeaseState.Free && free.Count < limit)
                free.Add(pool.KeyOf(unit));
            next = unit + 1;
        }

        rows.Reset();
        for (; next < to && free.Count < limit; next++)
            free.Add(pool.KeyOf(next));
    }

    // The first slice after all that have an owner.
    private static long FirstBeyond(Database database, PoolRange pool)
    {
        using var last = database.PrepareOnce("SELECT max(slice) FROM slice WHERE pool = ?1");
        last.Bind(1, pool.Id).Step();
        return last.IsNull(0) ? 0 : last.Int64(0) + 1;
    }

    // The first slice without an owner; the pool's number of slices when there is none.
    private static long FindGap(Database database, PoolRange pool)
    {
        using var first = database.PrepareOnce("SELECT 1 FROM slice WHERE pool = ?1 AND slice = 0");
        if (!first.Bind(1, pool.Id).Step())
            return 0;
        using var gap = database.PrepareOnce(
            "SELECT s.slice + 1 FROM slice s WHERE s.pool = ?1 AND NOT EXISTS (SELECT 1 FROM slice t WHERE t.pool = ?1 AND t.slice = s.slice + 1) ORDER BY s.slice LIMIT 1");
        return gap.Bind(1, pool.Id).Step() ? gap.Int64(0) : pool.SliceCount;
    }

    private static Slice Read(Statement leases, PoolRange pool, long number)
    {
        var first = (UInt128)(ulong)number * (uint)pool.SliceSize;
        var last = UInt128.Min(first + (uint)pool.SliceSize, pool.Units) - 1;
        BindRange(leases, pool.KeyOf(first).Address, pool.KeyOf(last).Address);
        var found = new List<SliceLease>();
        while (leases.Step())
        {
            // An address's port sets may lie in several slices.
            var key = KeyOf(leases);
            if (pool.TryUnitOf(key, out var unit) && unit >= first && unit <= last)
                found.Add(new SliceLease(key, (LeaseState)leases.Int64(3), leases.Int64(4)));
        }

        return new Slice(pool, number, found);
    }

    private static Statement PrepareLeases(Database database)
        => database.PrepareOnce("SELECT address, length, ports, state, changed_at FROM lease WHERE address BETWEEN ?1 AND ?2 ORDER BY address, length, ports");

    private static void BindRange(Statement statement, UInt128 first, UInt128 last)
    {
        Span<byte> address = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(address, first);
        statement.Bind(1, address);
        BinaryPrimitives.WriteUInt128BigEndian(address, last);
        statement.Bind(2, address);
    }

    private static LeaseKey KeyOf(Statement row) => new(BinaryPrimitives.ReadUInt128BigEndian(row.Blob(0)), (byte)row.Int64(1), (uint)row.Int64(2));
}
