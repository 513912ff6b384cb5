using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>The slice table and the lease rows within slices. Everything runs on the writing connection, within a job of the journal.</summary>
internal static class SliceTable
{
    public static IReadOnlyList<Slice> Load(Database database, PrefixLengths lengths, int shard, IReadOnlyList<PoolRange> pools)
    {
        var slices = new List<Slice>();
        using var owned = database.PrepareOnce("SELECT slice FROM slice WHERE shard_id = ?1 AND pool = ?2 ORDER BY slice");
        using var leases = new LeaseRows(database, lengths);
        foreach (var pool in pools)
        {
            owned.Bind(1, shard).Bind(2, pool.Id);
            while (owned.Step())
                slices.Add(Read(leases, pool, owned.Int64(0)));
        }

        return slices;
    }

    public static IReadOnlyList<Slice>[] Take(Database database, PrefixLengths lengths, PoolRange pool,
        IReadOnlyList<SliceRequest> requests)
    {
        var first = FirstBeyond(database, pool);
        var counts = SliceRequests<Database>.Share(requests, pool.SliceCount - first);
        var given = new IReadOnlyList<Slice>[counts.Length];
        using var insert = database.PrepareOnce("INSERT INTO slice (pool, slice, shard_id) VALUES (?1, ?2, ?3)");
        using var leases = new LeaseRows(database, lengths);
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
    public static IReadOnlyList<LeaseKey> FindFreeUnits(Database database, PrefixLengths lengths, PoolRange pool, int shard, int limit)
    {
        var free = new List<LeaseKey>();
        using var rows = new LeaseRows(database, lengths);

        // Multiples of the golden ratio lie apart however many shards there are.
        var place = (uint)(ushort)(shard * 40_503);
        var start = pool.Units > ulong.MaxValue ? (pool.Units >> 16) * place : pool.Units * place >> 16;
        Collect(rows, pool, start, pool.Units, limit, free);
        Collect(rows, pool, 0, start, limit, free);
        return free;
    }

    public static bool IsFree(Database database, PrefixLengths lengths, LeaseKey key)
    {
        using var rows = new LeaseRows(database, lengths);
        if (key.Ports == 0 && rows.Around(key.Address, key.Length).Count > 0)
            return false;
        rows.Begin(key.Address, key.Last);
        while (rows.Step())
        {
            if (rows.Current is { State: not LeaseState.Free, Key: var held } && held.Overlaps(key))
                return false;
        }

        return true;
    }

    private static void Collect(LeaseRows rows, PoolRange pool, UInt128 from, UInt128 to, int limit, List<LeaseKey> free)
    {
        if (from >= to)
            return;
        var next = from;
        var start = pool.KeyOf(from).Address;
        foreach (var lease in rows.Around(start, pool.UnitLength))
            Pass(lease.Key);
        rows.Begin(start, pool.KeyOf(to - 1).Last);
        while (free.Count < limit && rows.Step())
        {
            if (rows.Current is { State: not LeaseState.Free, Key: var held })
                Pass(held);
        }

        rows.End();
        AddUpTo(to);

        // What lies in front of a lease is free, and what overlaps it is not.
        void Pass(LeaseKey held)
        {
            if (!pool.TryUnitsOf(held, out var first, out var last) || last < next || first >= to)
                return;
            AddUpTo(first);
            next = last + 1;
        }

        void AddUpTo(UInt128 end)
        {
            for (; next < end && free.Count < limit; next++)
                free.Add(pool.KeyOf(next));
        }
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

    private static Slice Read(LeaseRows leases, PoolRange pool, long number)
    {
        var first = (UInt128)(ulong)number * (uint)pool.SliceSize;
        var last = UInt128.Min(first + (uint)pool.SliceSize, pool.Units) - 1;
        var start = pool.KeyOf(first).Address;
        var found = pool.Ports == 0 ? leases.Around(start, pool.UnitLength) : [];
        leases.Begin(start, pool.KeyOf(last).Last);
        while (leases.Step())
        {
            // An address's port sets may lie in several slices, and what has ended is of interest only where it is a unit.
            var lease = leases.Current;
            if (pool.TryUnitsOf(lease.Key, out var from, out _) && from >= first && from <= last
                && (lease.State != LeaseState.Free || pool.TryUnitOf(lease.Key, out _)))
            {
                found.Add(lease);
            }
        }

        return new Slice(pool, number, found);
    }
}
