namespace Lease.Host.Configuration;

/// <summary>Ranges of addresses that do not overlap, each with a name.</summary>
internal sealed class RangeSet
{
    private readonly SortedSet<Entry> entries = new(Comparer<Entry>.Create(static (a, b) => a.First.CompareTo(b.First)));

    /// <summary>Adds a range.</summary>
    /// <returns>Null; or one that it overlaps, and then it is not added.</returns>
    public Entry? Add(UInt128 first, UInt128 last, string name)
    {
        // Of those that begin before its end, the last one ends last.
        var before = entries.GetViewBetween(new Entry(0, 0, ""), new Entry(last, last, "")).Max;
        if (before is not null && before.Last >= first)
            return before;
        entries.Add(new Entry(first, last, name));
        return null;
    }

    public sealed record Entry(UInt128 First, UInt128 Last, string Name);
}
