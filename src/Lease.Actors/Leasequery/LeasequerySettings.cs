using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>The configuration under which queries are answered. Replaced as a whole when the configuration is reread.</summary>
/// <param name="configuration">Who may ask what.</param>
/// <param name="dhcp6">The links, and this server's DUID.</param>
/// <param name="dhcp4">The links of IPv4; null when it is not served.</param>
public sealed class LeasequerySettings(LeasequeryConfiguration configuration, Dhcp6Settings dhcp6, Dhcp4Configuration? dhcp4 = null)
{
    /// <summary>Who may ask what.</summary>
    public LeasequeryConfiguration Configuration { get; } = configuration;

    /// <summary>This server's DUID.</summary>
    public byte[] ServerDuid { get; } = dhcp6.ServerDuid;

    /// <summary>Finds the links that queries mean.</summary>
    public LinkFinder Links { get; } = new(dhcp6);

    /// <summary>The links of IPv4; null when it is not served.</summary>
    public Dhcp4Configuration? Dhcp4 { get; } = dhcp4;

    /// <summary>The DHCPv6 side.</summary>
    public Dhcp6Settings Dhcp6 { get; } = dhcp6;
}
