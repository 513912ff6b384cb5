using System.Text;
using Lease.Actors.Configuration;
using Lease.Protocol;

namespace Lease.Host.Configuration;

/// <summary>What only the levels of <c>Dhcp4</c> have; each inherits from the one above what it does not set itself.</summary>
internal sealed record Dhcp4Level
{
    public bool Authoritative { get; init; }

    public bool MatchClientId { get; init; } = true;

    public BootFields Boot { get; init; } = BootFields.Empty;

    public string? Dhcp6Interface { get; init; }

    public byte[]? Dhcp6InterfaceId { get; init; }

    public Ipv6Prefix? Dhcp6Subnet { get; init; }

    public Ipv6Prefix? TunnelSourcePrefix { get; init; }

    /// <summary>Reads a level over the one above it.</summary>
    public static Dhcp4Level Read(ConfigurationNode node, Dhcp4Level above) => new()
    {
        Authoritative = node.Flag("authoritative") ?? above.Authoritative,
        MatchClientId = node.Flag("match-client-id") ?? above.MatchClientId,
        Boot = ReadBoot(node).Over(above.Boot),
        Dhcp6Interface = node.Text("4o6-interface") is { Length: > 0 } name ? name : above.Dhcp6Interface,
        Dhcp6InterfaceId = LevelSettings.ReadInterfaceId(node, "4o6-interface-id") ?? above.Dhcp6InterfaceId,
        Dhcp6Subnet = ReadPrefix(node, "4o6-subnet") ?? above.Dhcp6Subnet,
        TunnelSourcePrefix = ReadPrefix(node, "tunnel-source-prefix") ?? above.TunnelSourcePrefix,
    };

    /// <summary>Reads siaddr, sname and file of a level or a reservation.</summary>
    public static BootFields ReadBoot(ConfigurationNode node) => new(
        node.Text("next-server") is { Length: > 0 } ? node.Parsed<Ipv4Address>("next-server", Ipv4Address.TryParse, "an IPv4 address") : null,
        ReadField(node, "server-hostname", 63),
        ReadField(node, "boot-file-name", 127));

    // The fields of the message, with room for their last zero.
    private static byte[]? ReadField(ConfigurationNode node, string key, int most)
    {
        if (node.Text(key) is not { Length: > 0 } text)
            return null;
        var octets = Encoding.UTF8.GetBytes(text);
        if (octets.Length <= most)
            return octets;
        node.Wrong(key, $"at most {most} octets");
        return null;
    }

    private static Ipv6Prefix? ReadPrefix(ConfigurationNode node, string key)
        => node.Text(key) is { Length: > 0 } ? node.Parsed<Ipv6Prefix>(key, Ipv6Prefix.TryParse, "an IPv6 prefix ADDRESS/LENGTH")?.Network : null;
}
