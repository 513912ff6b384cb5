using Lease.Kernel.Persistence;

namespace Lease.Actors.Configuration;

/// <summary>The addresses and prefixes of reservations in their order. What is within another one does not count: both are one client's
/// (the configuration reader refuses others).</summary>
public sealed class ReservedSpace
{
    private readonly UInt128[] first;
    private readonly UInt128[] last;
    private readonly Reservation[] holders;

    /// <summary>Sorts what they reserve.</summary>
    public ReservedSpace(IEnumerable<Reservation> reservations)
    {
        var outermost = new List<(LeaseKey Unit, Reservation Holder)>();
        var all = reservations.SelectMany(static r => UnitsOf(r).Select(u => (Unit: u, Holder: r)));
        foreach (var reserved in all.OrderBy(static r => r.Unit.Address).ThenBy(static r => r.Unit.Length))
        {
            if (outermost.Count == 0 || !outermost[^1].Unit.Overlaps(reserved.Unit))
                outermost.Add(reserved);
        }

        first = [.. outermost.Select(static r => r.Unit.Address)];
        last = [.. outermost.Select(static r => r.Unit.Last)];
        holders = [.. outermost.Select(static r => r.Holder)];
    }

    /// <summary>What a reservation reserves.</summary>
    public static IEnumerable<LeaseKey> UnitsOf(Reservation reservation)
        => [.. reservation.Addresses.Select(static a => new LeaseKey(a.Value, 128)),
            .. reservation.Prefixes.Select(static p => new LeaseKey(p.First.Value, p.Length))];

    /// <summary>Whether anything of the unit is reserved for a client other than the one that has <paramref name="own"/>.</summary>
    public bool IsForOther(LeaseKey unit, Reservation? own)
    {
        var end = unit.Last;
        for (var i = LastUpTo(end); i >= 0 && last[i] >= unit.Address; i--)
        {
            if (!holders[i].IsOfSameClient(own))
                return true;
        }

        return false;
    }

    // The last that begins at an address or before it; -1: none.
    private int LastUpTo(UInt128 address)
    {
        var found = Array.BinarySearch(first, address);
        return found >= 0 ? found : ~found - 1;
    }
}
