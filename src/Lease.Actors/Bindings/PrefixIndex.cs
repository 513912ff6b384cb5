using Lease.Protocol;

namespace Lease.Actors.Bindings;

/// <summary>
/// Finds what has a prefix that contains an address, with one look for each length that occurs. The longest prefix that contains the address says it all: whatever else contains the address
/// contains that prefix too.
/// </summary>
internal sealed class PrefixIndex<T>
{
    private readonly Dictionary<Ipv6Prefix, T[]> containing = [];
    private readonly byte[] lengths;

    /// <summary>Takes the prefixes and what has them; something may have several.</summary>
    public PrefixIndex(IEnumerable<(Ipv6Prefix Prefix, T Value)> entries)
    {
        var own = entries.Select(static (e, place) => (Prefix: e.Prefix.Network, e.Value, Place: place)).ToLookup(static e => e.Prefix);
        lengths = [.. own.Select(static g => g.Key.Length).Distinct().OrderDescending()];
        foreach (var prefix in own.Select(static g => g.Key))
        {
            var around = lengths.Where(l => l <= prefix.Length).SelectMany(l => own[new Ipv6Prefix(prefix.Address, l).Network]);
            containing.Add(prefix, [.. around.OrderBy(static e => e.Place).Select(static e => e.Value).Distinct()]);
        }
    }

    /// <summary>What has a prefix that contains the address, in the order in which it was taken.</summary>
    public ReadOnlySpan<T> Find(Ipv6Address address)
    {
        foreach (var length in lengths)
        {
            if (containing.TryGetValue(new Ipv6Prefix(address, length).Network, out var found))
                return found;
        }

        return default;
    }
}
