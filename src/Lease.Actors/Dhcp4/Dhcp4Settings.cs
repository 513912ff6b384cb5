using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp4;

/// <summary>The configuration under which a DHCPv4 exchange is answered, from its beginning to its end. Replaced as a whole when the configuration is reread.</summary>
/// <param name="configuration">The checked configuration.</param>
/// <param name="dhcp6">The DHCPv6 side: its shared networks name links, its ports are those of the answers.</param>
/// <param name="codePoints">Code points that only the drafts have.</param>
public sealed class Dhcp4Settings(Dhcp4Configuration configuration, Dhcp6Settings dhcp6, DraftCodePoints codePoints)
{
    /// <summary>The configuration.</summary>
    public Dhcp4Configuration Configuration { get; } = configuration;

    /// <summary>The DHCPv6 side.</summary>
    public Dhcp6Settings Dhcp6 { get; } = dhcp6;

    /// <summary>Code points that only the drafts have.</summary>
    public DraftCodePoints CodePoints { get; } = codePoints;

    /// <summary>Finds the link of a message.</summary>
    public Localization Localization { get; } = new(configuration, dhcp6.Selector);

    /// <summary>The server identifier (option 54) for clients of a subnet: <c>dhcp-server-identifier</c> of its <c>option-data</c>, else the dummy address.</summary>
    public static Ipv4Address ServerIdOf(Subnet subnet)
        => subnet.Options.Find((ushort)Dhcp4OptionCode.ServerId) is { Data.Length: Ipv4Address.Size } option ? Ipv4Address.Read(option.Data) : Dhcp4Configuration.DummyServerId;

    /// <summary>Whether a client of the link that names this server means us.</summary>
    public static bool IsOurs(Ipv4Address serverId, Link link)
    {
        foreach (var subnet in link.Subnets)
        {
            if (ServerIdOf(subnet) == serverId)
                return true;
        }

        return false;
    }
}
