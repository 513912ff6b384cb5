using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp4;

/// <summary>Who answers the DHCPv4 messages in DHCPV4-QUERYs: this program's engine, or another program's.</summary>
public interface IDhcp4Service
{
    /// <summary>Takes a DHCPV4-QUERY that has been checked, on the socket's thread; must not throw.</summary>
    /// <param name="datagram">The packet; the callee releases it.</param>
    /// <param name="chain">Its relays.</param>
    /// <param name="query">The DHCPV4-QUERY.</param>
    void Handle(Datagram datagram, in RelayChain chain, Dhcp6Message query);
}
