using Lease.Protocol;

namespace Lease.Actors.Configuration;

/// <summary>The <c>Dhcp4</c> object of the configuration, checked and with inheritance resolved. Its subnets are <see cref="Dhcp4Subnet"/>s. Immutable.</summary>
public sealed class Dhcp4Configuration : ServiceConfiguration
{
    /// <summary>
    /// Server identifier (option 54) where no <c>dhcp-server-identifier</c> is configured. There is no IPv4 address to take: 192.0.0.8, the dummy address of RFC 7600, is the same on every
    /// node of a cluster.
    /// </summary>
    public static readonly Ipv4Address DummyServerId = new(0xc000_0008);

    /// <summary>UDP port on the loopback by which another program's DHCPv6 server hands DHCPv4 messages over (<c>dhcp4o6-port</c>, Kea's wire); 0: none does.</summary>
    public int Dhcp4o6Port { get; init; }

    /// <summary>Whether BOOTP clients are served (RFC 1534 section 2), who keep an address for good.</summary>
    public bool ServesBootp { get; init; }
}

/// <summary>A subnet of <c>subnet4</c>.</summary>
public sealed class Dhcp4Subnet : Subnet
{
    /// <summary>Whether clients of this subnet are told with DHCPNAK that their addresses are unknown.</summary>
    public bool Authoritative { get; init; }

    /// <summary>Whether a client identifier identifies a client before its hardware address does (<c>match-client-id</c>).</summary>
    public bool MatchClientId { get; init; } = true;

    /// <summary>siaddr, sname and file of answers.</summary>
    public BootFields Boot { get; init; } = BootFields.Empty;

    /// <summary>Clients are on this subnet when their DHCPv6 message came in at this interface (<c>4o6-interface</c>); null for none.</summary>
    public string? Dhcp6Interface { get; init; }

    /// <summary>Clients are on this subnet when their DHCPv6 relay says this interface-id (<c>4o6-interface-id</c>); null for none.</summary>
    public byte[]? Dhcp6InterfaceId { get; init; }

    /// <summary>Clients are on this subnet when their DHCPv6 relay or they themselves have an address of this prefix (<c>4o6-subnet</c>); null for none.</summary>
    public Ipv6Prefix? Dhcp6Subnet { get; init; }

    /// <summary>Where tunnel source addresses must lie (<c>tunnel-source-prefix</c>, the prefix of S46_BIND_IPV6_PREFIX); null: anywhere.</summary>
    public Ipv6Prefix? TunnelSourcePrefix { get; init; }
}

/// <summary>What a client boots from.</summary>
/// <param name="NextServer">siaddr; null: not set at this level.</param>
/// <param name="ServerName">sname; null: not set at this level.</param>
/// <param name="BootFile">file; null: not set at this level.</param>
public sealed record BootFields(Ipv4Address? NextServer, byte[]? ServerName, byte[]? BootFile)
{
    /// <summary>Nothing set.</summary>
    public static BootFields Empty { get; } = new(NextServer: null, ServerName: null, BootFile: null);

    /// <summary>This, and from <paramref name="lessSpecific"/> what it does not set itself.</summary>
    public BootFields Over(BootFields lessSpecific) => new(NextServer ?? lessSpecific.NextServer, ServerName ?? lessSpecific.ServerName, BootFile ?? lessSpecific.BootFile);
}
