using Lease.Actors.Configuration;

namespace Lease.Actors.Dhcp6;

/// <summary>The configuration under which an exchange is answered, from its beginning to its end. Replaced as a whole when the configuration is reread.</summary>
/// <param name="configuration">The checked configuration.</param>
/// <param name="serverDuid">This server's DUID.</param>
public sealed class Dhcp6Settings(Dhcp6Configuration configuration, byte[] serverDuid)
{
    /// <summary>The configuration.</summary>
    public Dhcp6Configuration Configuration { get; } = configuration;

    /// <summary>This server's DUID.</summary>
    public byte[] ServerDuid { get; } = serverDuid;

    /// <summary>Finds the subnet of a message.</summary>
    public SubnetSelector Selector { get; } = new(configuration.Links);
}
