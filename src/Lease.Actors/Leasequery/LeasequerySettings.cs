using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>The configuration under which queries are answered. Replaced as a whole when the configuration is reread.</summary>
/// <param name="configuration">Who may ask what.</param>
/// <param name="dhcp6">The links, and this server's DUID.</param>
public sealed class LeasequerySettings(LeasequeryConfiguration configuration, Dhcp6Settings dhcp6)
{
    /// <summary>Who may ask what.</summary>
    public LeasequeryConfiguration Configuration { get; } = configuration;

    /// <summary>This server's DUID.</summary>
    public byte[] ServerDuid { get; } = dhcp6.ServerDuid;

    /// <summary>Finds the links that queries mean.</summary>
    public LinkFinder Links { get; } = new(dhcp6);

    /// <summary>The DHCPv6 side.</summary>
    public Dhcp6Settings Dhcp6 { get; } = dhcp6;
}
