using System.Collections.Immutable;
using System.Globalization;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Protocol;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>shared-networks</c> and <c>subnet6</c> or <c>subnet4</c> into links.</summary>
internal sealed class SubnetReader(int shardCount, OptionDataReader options, ClassRegistry classes, IpFamily family, AddressSpace space)
{
    // It stands in every row and every log line of the link's clients.
    private const int MaxName = 255;

    private readonly PoolReader pools = new(shardCount, options, classes, family);
    private readonly ReservationReader reservations = new(options, classes, family, space);
    private readonly Dictionary<uint, string> ids = [];
    private readonly RangeSet prefixes = new();
    private uint lastId;

    public List<Link> ReadLinks(ConfigurationNode parent, LevelSettings global, Dhcp4Level global4)
    {
        var links = new List<Link>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in parent.Objects("shared-networks"))
        {
            var name = node.Text("name");
            var level = LevelSettings.Read(node, global, options, selectors: true, family);
            var subnets = ReadSubnets(node, level, ReadLevel4(node, global4), classes.ReadGuard(node, isSubnet: true), classes.ReadRequired(node));
            CheckAlike(node, subnets);
            NameWithoutEffect(node);
            node.RefuseUnknown();
            if (string.IsNullOrEmpty(name))
                node.Error("needs a name");
            else if (name.Length > MaxName || name.Any(char.IsControl))
                node.Error("name", $"a name has at most {MaxName} characters, and no control characters");
            else if (!names.Add(name))
                node.Error("name", $"another shared network is named {name}");
            else
                links.Add(new Link { Name = name, Subnets = [.. subnets] });
        }

        foreach (var subnet in ReadSubnets(parent, global, global4, network: null, []))
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{family.LinkPrefix}{subnet.Id}");
            if (!names.Add(name))
                parent.Error("shared-networks", $"a shared network must not be named {name}: that is the link of subnet {subnet.Id}");
            links.Add(new Link { Name = name, Subnets = [subnet] });
        }

        return links;
    }

    private List<Subnet> ReadSubnets(ConfigurationNode parent, LevelSettings above, Dhcp4Level above4, ClassGuard? network, ImmutableArray<ClientClass> networkRequires)
    {
        var subnets = new List<Subnet>();
        foreach (var node in parent.Objects(family.SubnetKey))
        {
            var id = ReadId(node);
            var prefix = node.Parsed<Ipv6Prefix>("subnet", family.TryParse, $"an {family.Name} prefix ADDRESS/LENGTH");
            var level = LevelSettings.Read(node, above, options, selectors: true, family);
            var level4 = ReadLevel4(node, above4);
            var within = prefix?.Network ?? default;
            var access = new Access(classes.ReadGuard(node, isSubnet: true, network), networkRequires.AddRange(classes.ReadRequired(node)));
            var addressPools = pools.ReadPools(node, within);
            var prefixPools = family == IpFamily.Ipv6 ? pools.ReadPrefixPools(node) : [];
            var table = reservations.Read(node, within);
            NameWithoutEffect(node);
            node.RefuseUnknown();
            if (prefix is null)
            {
                if (!node.Has("subnet"))
                    node.Error("needs subnet: a prefix ADDRESS/LENGTH");
                continue;
            }

            if (within.Length == 0 || (family == IpFamily.Ipv4 && within.Length == 96))
                node.Wrong("subnet", "longer than /0");
            CheckPlace(node, within, addressPools, prefixPools);
            subnets.Add(family == IpFamily.Ipv4 ? Make4(id, within, level, level4, access, addressPools, table) : Make(id, within, level, access, addressPools, prefixPools, table));
        }

        return subnets;
    }

    private static Subnet Make(
        uint id, Ipv6Prefix prefix, LevelSettings level, Access access, List<AddressPool> addressPools, List<PrefixPool> prefixPools, ReservationTable table) => new()
        {
            Id = id,
            Prefix = prefix,
            Selectors = level.Selectors,
            Pools = [.. addressPools],
            PrefixPools = [.. prefixPools],
            Lifetimes = level.Lifetimes,
            Timers = level.Timers,
            RapidCommit = level.RapidCommit,
            Options = level.Options,
            LocalOptions = level.LocalOptions,
            Guard = access.Guard,
            RequiredClasses = access.Required,
            Reservations = table,
            ReservationsGlobal = level.ReservationsGlobal,
            ReservationsInSubnet = level.ReservationsInSubnet,
            ReservationsOutOfPool = level.ReservationsOutOfPool,
            CacheThreshold = level.CacheThreshold,
            CacheMaxAge = level.CacheMaxAge is { } age ? TimeSpan.FromSeconds(age) : null,
            StoreExtendedInfo = level.StoreExtendedInfo,
        };

    private static Dhcp4Subnet Make4(uint id, Ipv6Prefix prefix, LevelSettings level, Dhcp4Level level4, Access access, List<AddressPool> addressPools, ReservationTable table) => new()
    {
        Id = id,
        Prefix = prefix,
        Selectors = level.Selectors,
        Pools = [.. addressPools],
        PrefixPools = [],
        Lifetimes = level.Lifetimes,
        Timers = level.Timers,
        RapidCommit = level.RapidCommit,
        Options = level.Options,
        LocalOptions = level.LocalOptions,
        Guard = access.Guard,
        RequiredClasses = access.Required,
        Reservations = table,
        ReservationsGlobal = level.ReservationsGlobal,
        ReservationsInSubnet = level.ReservationsInSubnet,
        ReservationsOutOfPool = level.ReservationsOutOfPool,
        CacheThreshold = level.CacheThreshold,
        CacheMaxAge = level.CacheMaxAge is { } age ? TimeSpan.FromSeconds(age) : null,
        StoreExtendedInfo = level.StoreExtendedInfo,
        Authoritative = level4.Authoritative,
        MatchClientId = level4.MatchClientId,
        Boot = level4.Boot,
        Dhcp6Interface = level4.Dhcp6Interface,
        Dhcp6InterfaceId = level4.Dhcp6InterfaceId,
        Dhcp6Subnet = level4.Dhcp6Subnet,
        TunnelSourcePrefix = level4.TunnelSourcePrefix,
    };

    // Who may use a subnet, and what is evaluated for its clients.
    private sealed record Access(ClassGuard? Guard, ImmutableArray<ClientClass> Required);

    private Dhcp4Level ReadLevel4(ConfigurationNode node, Dhcp4Level above) => family == IpFamily.Ipv4 ? Dhcp4Level.Read(node, above) : above;

    // Which subnet of a link a client gets addresses from is open until they are allocated, so these cannot differ.
    private static void CheckAlike(ConfigurationNode network, List<Subnet> subnets)
    {
        foreach (var subnet in subnets.Skip(1))
        {
            var first = subnets[0];
            if (subnet.Selectors.Interface != first.Selectors.Interface)
                network.Error($"subnets {first.Prefix} and {subnet.Prefix} have different interfaces: must be the same within a shared network");
            if (subnet.RapidCommit != first.RapidCommit)
                network.Error($"subnets {first.Prefix} and {subnet.Prefix} have different rapid-commit: must be the same within a shared network");
        }
    }

    // A subnet without an id takes the next number, as in Kea before 2.5.
    private uint ReadId(ConfigurationNode node)
    {
        var id = node.Number("id", 0, uint.MaxValue - 1) ?? 0;
        if (id == 0)
            id = lastId + 1;
        lastId = Math.Max(lastId, id);
        if (!ids.TryAdd(id, node.Path))
            node.Error("id", $"{id} is the id of {ids[id]} too");
        return id;
    }

    private void CheckPlace(ConfigurationNode node, Ipv6Prefix prefix, List<AddressPool> addressPools, List<PrefixPool> prefixPools)
    {
        if (prefixes.Add(prefix.First.Value, prefix.Last.Value, $"{family.Text(prefix)} of {node.Path}") is { } other)
            node.Error("subnet", $"{family.Text(prefix)} overlaps {other.Name}");
        foreach (var pool in addressPools)
            space.AddPool(node, "pools", pool.Range.Start, pool.Range.KeyOf(pool.Range.Units - 1).Address, pool.Range);
        foreach (var pool in prefixPools)
            space.AddPool(node, "pd-pools", pool.Prefix.First.Value, pool.Prefix.Last.Value, pool.Range);
    }

    private static void NameWithoutEffect(ConfigurationNode node) => node.WithoutEffect(
        "is known to Kea and has no effect here",
        "ddns-send-updates", "ddns-override-no-update", "ddns-override-client-update",
        "ddns-replace-client-name", "ddns-generated-prefix", "ddns-qualifying-suffix", "ddns-update-on-renew", "ddns-use-conflict-resolution",
        "ddns-conflict-resolution-mode", "ddns-ttl", "ddns-ttl-percent", "hostname-char-set", "hostname-char-replacement", "allocator", "pd-allocator");
}
