using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;

namespace Lease.Host.Configuration;

/// <summary>What the pools and reservations of one protocol cover, and where they overlap.</summary>
internal sealed class AddressSpace(IpFamily family)
{
    // Disjoint: what overlaps an earlier one is an error and left out.
    private readonly List<Range> pools = [];
    private readonly RangeSet ranges = new();
    private readonly List<Reserved> reserved = [];

    private string AddressKey => family == IpFamily.Ipv4 ? "ip-address" : "ip-addresses";

    /// <summary>Takes a pool; one that overlaps another is an error.</summary>
    public void AddPool(ConfigurationNode subnet, string key, UInt128 first, UInt128 last, PoolRange units)
    {
        var range = new Range(first, last, units.UnitLength, subnet.Path, IsOfPrefixes: key == "pd-pools");
        if (ranges.Add(first, last, $"{TextOf(range)} of {range.Path}") is { } other)
            subnet.Error(key, $"{TextOf(range)} overlaps {other.Name}");
        else
            pools.Add(range);
    }

    /// <summary>Takes what a reservation reserves.</summary>
    public void AddReservation(ConfigurationNode node, Reservation reservation)
    {
        foreach (var address in reservation.Addresses)
            reserved.Add(new Reserved(new LeaseKey(address.Value, 128), reservation, node, AddressKey));
        foreach (var prefix in reservation.Prefixes)
            reserved.Add(new Reserved(new LeaseKey(prefix.First.Value, prefix.Length), reservation, node, "prefixes"));
    }

    /// <summary>Names what is reserved for two clients, and reservations that pools are in the way of.</summary>
    public void CheckReservations()
    {
        pools.Sort(static (a, b) => a.First.CompareTo(b.First));
        Reserved? outer = null;
        foreach (var unit in reserved.OrderBy(static r => r.Unit.Address).ThenBy(static r => r.Unit.Length))
        {
            CheckPools(unit);
            if (outer is not null && outer.Unit.Overlaps(unit.Unit))
                CheckWithin(outer, unit);
            else
                outer = unit;
        }
    }

    private void CheckWithin(Reserved outer, Reserved inner)
    {
        var isTwice = inner.Reservation == outer.Reservation && inner.Unit == outer.Unit;
        if (inner.Reservation.IsOfSameClient(outer.Reservation) && !isTwice)
            return;
        inner.Node.Error(
            inner.Key,
            inner.Unit == outer.Unit
                ? $"{TextOf(inner)} is reserved twice: in {outer.Node.Path} too"
                : $"{TextOf(inner)} overlaps {TextOf(outer)} of {outer.Node.Path}, another client's");
    }

    private void CheckPools(Reserved unit)
    {
        for (var i = FirstBehind(unit.Unit.Last) - 1; i >= 0 && pools[i].Last >= unit.Unit.Address; i--)
        {
            var pool = pools[i];
            var overlap = $"{TextOf(unit)} overlaps the pool {TextOf(pool)} of {pool.Path}";
            if (pool.IsOfPrefixes != (unit.Key == "prefixes"))
                unit.Node.Error(unit.Key, $"{overlap}: an address of a link must not lie in a prefix that is delegated");
            else if (pool.UnitLength != unit.Unit.Length)
                unit.Node.Warn(unit.Key, $"{overlap}, whose prefixes are /{pool.UnitLength}: those that overlap it are given to nobody else");
        }
    }

    private int FirstBehind(UInt128 address)
    {
        var (low, high) = (0, pools.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (pools[middle].First > address)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    private string TextOf(Range pool) => $"{family.Text(new Ipv6Address(pool.First))}-{family.Text(new Ipv6Address(pool.Last))}";

    private string TextOf(Reserved unit)
    {
        var address = family.Text(new Ipv6Address(unit.Unit.Address));
        return unit.Key == "prefixes" ? $"{address}/{unit.Unit.Length}" : address;
    }

    private sealed record Range(UInt128 First, UInt128 Last, byte UnitLength, string Path, bool IsOfPrefixes);

    private sealed record Reserved(LeaseKey Unit, Reservation Reservation, ConfigurationNode Node, string Key);
}
