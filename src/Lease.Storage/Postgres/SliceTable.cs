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
                slices.Add(Read(connection, pool, owned.Int64(row, 0)));
        }

        return slices;
    }

    /// <summary>Called in a transaction.</summary>
    public static IReadOnlyList<Slice> Take(Connection connection, PoolRange pool, int shard, int atMost)
    {
        // Of several nodes that want a slice of this pool one looks at a time.
        connection.Parameters.Add(pool.Id);
        connection.Run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
        var (first, count) = FindUnowned(connection, pool, atMost);
        if (count == 0)
            return [];
        connection.Parameters.Add(pool.Id).Add(first).Add(first + count - 1).Add(shard);
        connection.Run("INSERT INTO slice (pool, slice, shard_id) SELECT $1, s, $4 FROM generate_series($2::bigint, $3::bigint) AS s");
        var taken = new List<Slice>(count);
        for (var i = 0; i < count; i++)
            taken.Add(Read(connection, pool, first + i));
        return taken;
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
        connection.Parameters.AddAddress(key.Address).Add(key.Length).Add(key.Ports);
        using var held = connection.Query("SELECT 1 FROM lease WHERE address = $1 AND length = $2 AND ports = $3 AND state <> 0");
        return held.Rows == 0;
    }

    private static void Collect(Connection connection, PoolRange pool, UInt128 from, UInt128 to, int limit, List<LeaseKey> free)
    {
        if (from >= to)
            return;
        var next = from;
        var last = pool.KeyOf(to - 1).Address;
        LeaseKey? after = null;
        for (var whole = true; whole && free.Count < limit;)
        {
            using var rows = ReadPage(connection, pool.KeyOf(from).Address, last, after, PageRows);
            whole = rows.Rows == PageRows;
            for (var row = 0; row < rows.Rows && free.Count < limit; row++)
            {
                var key = KeyOf(rows, row);
                after = key;
                if (!pool.TryUnitOf(key, out var unit) || unit < next || unit >= to)
                    continue;
                for (; next < unit && free.Count < limit; next++)
                    free.Add(pool.KeyOf(next));
                if ((LeaseState)rows.Int64(row, 3) == LeaseState.Free && free.Count < limit)
                    free.Add(pool.KeyOf(unit));
                next = unit + 1;
            }
        }

        for (; next < to && free.Count < limit; next++)
            free.Add(pool.KeyOf(next));
    }

    private static (long First, int Count) FindUnowned(Connection connection, PoolRange pool, int atMost)
    {
        connection.Parameters.Add(pool.Id);
        using var last = connection.Query("SELECT max(slice), min(slice) FROM slice WHERE pool = $1");
        var beyond = last.IsNull(0, 0) ? 0 : last.Int64(0, 0) + 1;
        if (beyond < pool.SliceCount)
            return (beyond, PoolRange.SlicesToTake(atMost, pool.SliceCount - beyond));
        if (last.Int64(0, 1) > 0)
            return (0, 1);
        connection.Parameters.Add(pool.Id);
        using var gap = connection.Query(
            "SELECT s.slice + 1 FROM slice s WHERE s.pool = $1 AND NOT EXISTS (SELECT 1 FROM slice t WHERE t.pool = $1 AND t.slice = s.slice + 1) ORDER BY s.slice LIMIT 1");
        return gap.Rows == 1 && gap.Int64(0, 0) < pool.SliceCount ? (gap.Int64(0, 0), 1) : (0, 0);
    }

    private static Slice Read(Connection connection, PoolRange pool, long number)
    {
        var first = (UInt128)(ulong)number * (uint)pool.SliceSize;
        var last = UInt128.Min(first + (uint)pool.SliceSize, pool.Units) - 1;
        using var rows = ReadPage(connection, pool.KeyOf(first).Address, pool.KeyOf(last).Address, after: null, int.MaxValue);
        var found = new List<SliceLease>();
        for (var row = 0; row < rows.Rows; row++)
        {
            // An address's port sets may lie in several slices.
            var key = KeyOf(rows, row);
            if (pool.TryUnitOf(key, out var unit) && unit >= first && unit <= last)
                found.Add(new SliceLease(key, (LeaseState)rows.Int64(row, 3), rows.Int64(row, 4)));
        }

        return new Slice(pool, number, found);
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

    private static LeaseKey KeyOf(Result rows, int row) => new(rows.Address(row, 0), (byte)rows.Int64(row, 1), (uint)rows.Int64(row, 2));
}
