using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>pools</c> and <c>pd-pools</c> of a subnet.</summary>
internal sealed class PoolReader(int shardCount, OptionDataReader options)
{
    public List<AddressPool> ReadPools(ConfigurationNode subnet, Ipv6Prefix prefix)
    {
        var pools = new List<AddressPool>();
        foreach (var node in subnet.Objects("pools"))
        {
            var text = node.Text("pool");
            var set = options.Read(node);
            node.WithoutEffect("has no effect: client classes are not served yet", "client-class", "client-classes", "require-client-classes", "evaluate-additional-classes");
            node.Number("pool-id");
            node.RefuseUnknown();
            if (text is null || !TryParseRange(text, out var first, out var last))
                node.Error("pool", "must be FIRST-LAST or PREFIX/LENGTH");
            else if (first > last)
                node.Error("pool", $"{first} is after {last}");
            else if (!prefix.Contains(first) || !prefix.Contains(last))
                node.Error("pool", $"{text} is not within the subnet {prefix}");
            else
                pools.Add(new AddressPool { Range = RangeOf(first.Value, 128, last.Value - first.Value + 1), Options = set });
        }

        return pools;
    }

    public List<PrefixPool> ReadPrefixPools(ConfigurationNode subnet)
    {
        var pools = new List<PrefixPool>();
        foreach (var node in subnet.Objects("pd-pools"))
        {
            var address = node.Address("prefix");
            var length = node.Number("prefix-len", 1, 128);
            var delegated = node.Number("delegated-len", 1, 128);
            var excluded = node.Address("excluded-prefix");
            var excludedLength = node.Number("excluded-prefix-len", 0, 128) ?? 0;
            var set = options.Read(node);
            node.WithoutEffect("has no effect: client classes are not served yet", "client-class", "client-classes", "require-client-classes", "evaluate-additional-classes");
            node.Number("pool-id");
            node.RefuseUnknown();
            if (address is null || length is null || delegated is null)
            {
                node.Error("needs prefix, prefix-len and delegated-len");
                continue;
            }

            var prefix = new Ipv6Prefix(address.Value, (byte)length);
            if (prefix.Network != prefix)
                node.Error("prefix", $"{prefix} has bits after its length: write {prefix.Network}");
            else if (delegated < length)
                node.Error("delegated-len", $"{delegated} must be at least prefix-len {length}");
            else
            {
                pools.Add(new PrefixPool
                {
                    Prefix = prefix,
                    Range = RangeOf(prefix.First.Value, (byte)delegated, UnitsOf(delegated.Value - length.Value)),
                    Excluded = ReadExcluded(node, excluded, excludedLength, prefix, delegated.Value),
                    Options = set,
                });
            }
        }

        return pools;
    }

    public static ExcludedPrefix? ReadExcluded(ConfigurationNode node, Ipv6Address? excluded, uint length, Ipv6Prefix within, uint delegated)
    {
        if (excluded is not { } address || (address.IsUnspecified && length == 0))
            return null;
        if (length <= delegated || length > 128)
            node.Error("excluded-prefix-len", $"{length} must be more than the delegated length {delegated}, and at most 128");
        else if (!within.Contains(address))
            node.Error("excluded-prefix", $"{address} is not within {within}");
        else
            return new ExcludedPrefix((byte)length, address.Value & ~Ipv6Prefix.MaskOf((byte)delegated) & Ipv6Prefix.MaskOf((byte)length));
        return null;
    }

    private static UInt128 UnitsOf(uint bits) => bits >= 128 ? UInt128.MaxValue : UInt128.One << (int)bits;

    private PoolRange RangeOf(UInt128 first, byte unitLength, UInt128 units) => new(first, unitLength, units, PoolSlicing.SliceSize(units, shardCount));

    private static bool TryParseRange(string text, out Ipv6Address first, out Ipv6Address last)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash >= 0)
        {
            last = default;
            return Ipv6Address.TryParse(text[..dash].Trim(), out first) && Ipv6Address.TryParse(text[(dash + 1)..].Trim(), out last);
        }

        var found = Ipv6Prefix.TryParse(text.Replace(" ", "", StringComparison.Ordinal), out var prefix);
        (first, last) = (prefix.First, prefix.Last);
        return found && prefix.Length > 0;
    }
}
