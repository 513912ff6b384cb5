using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp4;

/// <summary>
/// The DHCPv4 side of two programs (<c>Dhcp4.dhcp4o6-port</c>): takes DHCPV4-QUERYs that another program's DHCPv6 server hands over on the loopback, in Kea's wire form, and answers to it.
/// </summary>
/// <param name="system">Its threads help the actors.</param>
/// <param name="intake">Takes the messages.</param>
/// <param name="counters">Where it is counted.</param>
/// <param name="server">The other program's socket: who else sends on the loopback could claim any client's or requestor's address.</param>
public sealed class ForwardedIntake(ActorSystem system, Dhcp4Intake intake, Dhcp4Counters counters, UdpEndpoint server) : IDatagramHandler
{
    /// <inheritdoc/>
    public void AfterReceive(bool more) => system.Assist(more);

    /// <inheritdoc/>
    public void Handle(Datagram datagram)
    {
        var packet = datagram.Data;
        if ((datagram.Channel.IsRemote || datagram.Source == server)
            && RelayChain.TryUnwrap(packet, out var chain, out _)
            && Dhcp6Message.TryRead(chain.Message(packet), chain.MessageStart, out var message, out _)
            && message.Type == MessageType.Dhcpv4Query && ForwardedOption.Read(message.Options) is { } origin)
        {
            intake.Handle(datagram, chain, message, origin);
            return;
        }

        counters.CountDrop(Dhcp4Drop.BadForward);
        datagram.Release();
    }
}
