using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>pools</c> and <c>pd-pools</c> of a subnet.</summary>
internal sealed class PoolReader(int shardCount, OptionDataReader options, ClassRegistry classes, IpFamily family)
{
    public List<AddressPool> ReadPools(ConfigurationNode subnet, Ipv6Prefix prefix)
    {
        var pools = new List<AddressPool>();
        foreach (var node in subnet.Objects("pools"))
        {
            var text = node.Text("pool");
            var set = options.Read(node);
            var guard = classes.ReadGuard(node, isSubnet: false);
            var required = classes.ReadRequired(node);
            node.Number("pool-id");
            var ports = family == IpFamily.Ipv4 && node.Object("port-sets") is { } portSets ? ReadPortSets(portSets) : default;
            node.RefuseUnknown();
            if (text is null || !TryParseRange(text, out var first, out var last))
                node.Error("pool", "must be FIRST-LAST or PREFIX/LENGTH");
            else if (first > last)
                node.Error("pool", $"{family.Text(first)} is after {family.Text(last)}");
            else if (!prefix.Contains(first) || !prefix.Contains(last))
                node.Error("pool", $"{text} is not within the subnet {family.Text(prefix)}");
            else
                pools.Add(new AddressPool { Range = RangeOf(first.Value, last.Value - first.Value + 1, ports), Options = set, Guard = guard, RequiredClasses = required });
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
            var guard = classes.ReadGuard(node, isSubnet: false);
            var required = classes.ReadRequired(node);
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
                    Guard = guard,
                    RequiredClasses = required,
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

    // RFC 7597 section 5.1: with an offset the ports below 2^(16-offset) belong to nobody; without one, the sets with well-known ports (below 1024) are left out (RFC 7618 section 7).
    private static PortParameters ReadPortSets(ConfigurationNode node)
    {
        var offset = (byte)(node.Number("offset", 0, 15) ?? 6);
        var length = (byte)(node.Number("psid-len", 1, 16) ?? 8);
        var excludesWellKnown = node.Flag("exclude-well-known-ports") ?? true;
        node.RefuseUnknown();
        if (offset + length > 16)
        {
            node.Error("psid-len", $"{length} and offset {offset} must be at most 16 together");
            return default;
        }

        const int wellKnown = 1024;
        if (offset > 6 && excludesWellKnown)
            node.Warn("offset", $"{offset} leaves only ports below {1 << (16 - offset)} out: some clients get well-known ports; use 6 or less");
        var first = offset == 0 && excludesWellKnown ? (wellKnown + (1 << (16 - length)) - 1) >> (16 - length) : 0;
        if (first >= 1 << length)
            node.Error("psid-len", $"{length} without an offset leaves no set free of well-known ports");
        return new PortParameters(offset, length, (ushort)first);
    }

    private PoolRange RangeOf(UInt128 first, UInt128 addresses, PortParameters ports)
    {
        if (ports.PsidLength == 0)
            return RangeOf(first, 128, addresses);
        var units = addresses * (uint)((1 << ports.PsidLength) - ports.Psid);
        return new(first, 128, units, PoolSlicing.SliceSize(units, shardCount), PortSet.ToNumber(ports));
    }

    private PoolRange RangeOf(UInt128 first, byte unitLength, UInt128 units) => new(first, unitLength, units, PoolSlicing.SliceSize(units, shardCount));

    private bool TryParseRange(string text, out Ipv6Address first, out Ipv6Address last)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash >= 0)
        {
            last = default;
            return family.TryParse(text[..dash].Trim(), out first) & family.TryParse(text[(dash + 1)..].Trim(), out last);
        }

        var found = family.TryParse(text.Replace(" ", "", StringComparison.Ordinal), out Ipv6Prefix prefix);
        (first, last) = (prefix.First, prefix.Last);
        return found && prefix.Length > 0;
    }
}
