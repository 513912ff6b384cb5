using Lease.Actors.Dhcp4;
using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;
using static Lease.Actors.Tests.Dhcp4.EngineScenarios;

namespace Lease.Actors.Tests.Dhcp4;

/// <summary>The engine behind Kea's kea-dhcp6, which says by an option of ISC's where a message came from.</summary>
public sealed class ForwardedScenarios : Dhcp4TestKit
{
    private static readonly byte[] Interface = [0xea, 0x60, 0, 4, .. "eth0"u8];
    private static readonly byte[] Address = [0xea, 0x61, 0, 16, 0xfe, 0x80, .. new byte[13], 9];
    private static readonly byte[] ForgedAddress = [0xea, 0x61, 0, 16, .. new byte[15], 1];
    private static readonly byte[] Port = [0xea, 0x62, 0, 2, 2, 0x22];

    private static readonly byte[] Client = new Dhcp4Request().ToOctets();

    public ForwardedScenarios() => Serve(LinkOf("home", Subnet()));

    [Fact]
    public void What_the_DHCPv6_server_hands_over_is_answered()
    {
        HandOver(Client, OtherServer, Isc(Interface, Address, Port));
        Sent.ShouldHaveSingleItem();
    }

    // Kea adds its own to an option of ISC's that the client sent, and the client's come first.
    [Fact]
    public void Where_a_message_came_from_is_not_taken_from_what_the_client_wrote()
    {
        HandOver(Client, OtherServer, Isc(ForgedAddress, Interface, Address, Port));
        HandOver(Client, OtherServer, Isc(Interface, ForgedAddress, Port, Interface, Address, Port));
        HandOver(Client, OtherServer, Isc(Interface, ForgedAddress, Port), Isc(Interface, Address, Port));
        HandOver(Client, OtherServer, Isc(Interface, ForgedAddress), Isc(Interface, Address, Port));
        HandOver(Client, OtherServer, Isc(Interface, Address));
        Sent.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.BadForward).ShouldBe(5);
    }

    [Fact]
    public void Another_program_on_the_loopback_is_not_the_DHCPv6_server()
    {
        HandOver(Client, new UdpEndpoint(UInt128.One, 40_000, 0), Isc(Interface, Address, Port));
        Sent.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.BadForward).ShouldBe(1);
    }

    private static (OptionCode Code, byte[] Data) Isc(params byte[][] options)
        => (OptionCode.VendorOptions, [0, 0, 0x09, 0xbf, .. options.SelectMany(static o => o)]);
}
