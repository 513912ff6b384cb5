using Lease.Kernel.Persistence;

namespace Lease.Storage.Postgres;

/// <summary>The slice table and the lease rows within slices.</summary>
internal static class SliceTable
{
    private const int PageRows = 1000;

    public static IReadOnlyList<Slice> Load(Connection connection, int shard, IReadOnlyList<PoolRange> pools)
    {
        var slices = new List<Slice>();
        foreach (var pool in pools)
        {
            connection.Parameters.Add(shard).Add(pool.Id);
            using var owned = connection.Query("SELECT slice FROM slice WHERE shard_id = $1 AND pool = $2 ORDER BY slice");
            for (var row = 0; row < owned.Rows; row++)
                slices.AddRange(Read(connection, pool, owned.Int64(row, 0), 1));
        }

        return slices;
    }

    /// <summary>Called in a transaction.</summary>
    public static IReadOnlyList<Slice>[] Take(Connection connection, PoolRange pool, IReadOnlyList<SliceRequest> requests)
    {
        // Of several nodes that want slices of this pool one looks at a time.
        connection.Parameters.Add(pool.Id);
        connection.Run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
        var first = FirstBeyond(connection, pool);
        var counts = SliceRequests<Connection>.Share(requests, pool.SliceCount - first);
        var slices = Own(connection, pool, first, requests, counts);
        var given = new IReadOnlyList<Slice>[counts.Length];
        var next = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            given[i] = counts[i] > 0 ? slices[next..(next + counts[i])] : TakeGap(connection, pool, requests[i]);
            next += counts[i];
        }

        return given;
    }

    /// <summary>Walks over the pool's lease rows from a place of the shard's own, around the end, and collects the units between them and the free ones among them.</summary>
    public static IReadOnlyList<LeaseKey> FindFreeUnits(Connection connection, PoolRange pool, int shard, int limit)
    {
        var free = new List<LeaseKey>();

        // Multiples of the golden ratio lie apart however many shards there are.
        var place = (uint)(ushort)(shard * 40_503);
        var start = pool.Units > ulong.MaxValue ? (pool.Units >> 16) * place : pool.Units * place >> 16;
        Collect(connection, pool, start, pool.Units, limit, free);
        Collect(connection, pool, 0, start, limit, free);
        return free;
    }

    public static bool IsFree(Connection connection, LeaseKey key)
    {
        if (key.Ports == 0 && Around(connection, key.Address, key.Length).Count > 0)
            return false;
        connection.Parameters.AddAddress(key.Address).AddAddress(key.Last).Add(key.Ports);
        using var held = connection.Query("SELECT 1 FROM lease WHERE address BETWEEN $1 AND $2 AND ports = $3 AND state <> 0 LIMIT 1");
        return held.Rows == 0;
    }

    // The leases of shorter lengths that contain an address and begin before it.
    private static List<SliceLease> Around(Connection connection, UInt128 address, int length)
    {
        connection.Parameters.BeginBytesArray();
        for (var shorter = 0; shorter < length; shorter++)
            connection.Parameters.AppendAddress(LeaseKey.FirstOf(address, shorter));
        connection.Parameters.BeginInt64Array();
        for (var shorter = 0; shorter < length; shorter++)
            connection.Parameters.Append(shorter);
        connection.Parameters.AddAddress(address);
        using var rows = connection.Query(
            """
            SELECT l.address, l.length, l.ports, l.state, l.changed_at FROM unnest($1::bytea[], $2::bigint[]) AS c(address, length)
            JOIN lease l ON l.address = c.address AND l.length = c.length WHERE l.address < $3 AND l.ports = 0 AND l.state <> 0
            """);
        var found = new List<SliceLease>();
        for (var row = 0; row < rows.Rows; row++)
            found.Add(LeaseOf(rows, row));
        return found;
    }

    private static void Collect(Connection connection, PoolRange pool, UInt128 from, UInt128 to, int limit, List<LeaseKey> free)
    {
        if (from >= to)
            return;
        var next = from;
        var start = pool.KeyOf(from).Address;
        var last = pool.KeyOf(to - 1).Last;
        foreach (var lease in Around(connection, start, pool.UnitLength))
            Pass(lease);
        LeaseKey? after = null;
        for (var whole = true; whole && free.Count < limit;)
        {
            using var rows = ReadPage(connection, start, last, after, PageRows);
            whole = rows.Rows == PageRows;
            for (var row = 0; row < rows.Rows && free.Count < limit; row++)
            {
                var lease = LeaseOf(rows, row);
                after = lease.Key;
                Pass(lease);
            }
        }

        AddUpTo(to);

        // What lies in front of a lease is free, and what overlaps it is not.
        void Pass(SliceLease lease)
        {
            if (lease.State == LeaseState.Free || !pool.TryUnitsOf(lease.Key, out var first, out var held) || held < next || first >= to)
                return;
            AddUpTo(first);
            next = held + 1;
        }

        void AddUpTo(UInt128 end)
        {
            for (; next < end && free.Count < limit; next++)
                free.Add(pool.KeyOf(next));
        }
    }

    // The first slice after all that have an owner.
    private static long FirstBeyond(Connection connection, PoolRange pool)
    {
        connection.Parameters.Add(pool.Id);
        using var last = connection.Query("SELECT max(slice) FROM slice WHERE pool = $1");
        return last.IsNull(0, 0) ? 0 : last.Int64(0, 0) + 1;
    }

    private static Slice[] TakeGap(Connection connection, PoolRange pool, SliceRequest request)
    {
        connection.Parameters.Add(pool.Id);
        using var gap = connection.Query(
            """
            SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM slice WHERE pool = $1 AND slice = 0) THEN 0 ELSE
              (SELECT s.slice + 1 FROM slice s WHERE s.pool = $1 AND NOT EXISTS (SELECT 1 FROM slice t WHERE t.pool = $1 AND t.slice = s.slice + 1) ORDER BY s.slice LIMIT 1) END
            """);
        var number = gap.Int64(0, 0);
        return number < pool.SliceCount ? Own(connection, pool, number, [request], [1]) : [];
    }

    // Those from the first on, as many for each request as the counts say.
    private static Slice[] Own(Connection connection, PoolRange pool, long first, IReadOnlyList<SliceRequest> requests, int[] counts)
    {
        var total = counts.Sum();
        if (total == 0)
            return [];
        connection.Parameters.Add(pool.Id).Add(first).BeginInt64Array();
        for (var i = 0; i < counts.Length; i++)
        {
            for (var n = 0; n < counts[i]; n++)
                connection.Parameters.Append(requests[i].Shard);
        }

        connection.Run("INSERT INTO slice (pool, slice, shard_id) SELECT $1, $2 + o.number - 1, o.shard FROM unnest($3) WITH ORDINALITY AS o(shard, number)");
        return Read(connection, pool, first, total);
    }

    private static Slice[] Read(Connection connection, PoolRange pool, long number, int count)
    {
        var found = new List<SliceLease>[count];
        for (var i = 0; i < count; i++)
            found[i] = [];
        var first = (UInt128)(ulong)number * (uint)pool.SliceSize;
        var last = UInt128.Min(first + ((UInt128)(uint)count * (uint)pool.SliceSize), pool.Units) - 1;
        var start = pool.KeyOf(first).Address;
        foreach (var lease in pool.Ports == 0 ? Around(connection, start, pool.UnitLength) : [])
            Add(lease);
        using var rows = ReadPage(connection, start, pool.KeyOf(last).Last, after: null, int.MaxValue);
        for (var row = 0; row < rows.Rows; row++)
            Add(LeaseOf(rows, row));
        return [.. found.Select((leases, i) => new Slice(pool, number + i, leases))];

        // An address's port sets may lie in several slices, a lease of a shorter length in all of them; what has ended is of interest only
        // where it is a unit.
        void Add(SliceLease lease)
        {
            if (!pool.TryUnitsOf(lease.Key, out var from, out var to) || (lease.State == LeaseState.Free && !pool.TryUnitOf(lease.Key, out _)))
                return;
            from = UInt128.Max(from, first);
            for (var unit = from; unit <= UInt128.Min(to, last); unit = ((unit / (uint)pool.SliceSize) + 1) * (uint)pool.SliceSize)
                found[(int)((unit - first) / (uint)pool.SliceSize)].Add(lease);
        }
    }

    private static Result ReadPage(Connection connection, UInt128 first, UInt128 last, LeaseKey? after, int limit)
    {
        connection.Parameters.AddAddress(after?.Address ?? first).Add(after?.Length ?? -1).Add(after?.Ports ?? -1L).AddAddress(last).Add(limit);
        return connection.Query(
            """
            SELECT address, length, ports, state, changed_at FROM lease
            WHERE (address, length, ports) > ($1, $2, $3) AND address <= $4 ORDER BY address, length, ports LIMIT $5
            """);
    }

    private static SliceLease LeaseOf(Result rows, int row)
        => new(new LeaseKey(rows.Address(row, 0), (byte)rows.Int64(row, 1), (uint)rows.Int64(row, 2)), (LeaseState)rows.Int64(row, 3),
            rows.Int64(row, 4));
}
