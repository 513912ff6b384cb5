using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using static Lease.Actors.Tests.Dhcp4.EngineScenarios;

namespace Lease.Actors.Tests.Dhcp4;

/// <summary>DHCPv4 over DHCPv6 in the server (seed 002's server section, RFC 7341 section 8).</summary>
public sealed class TransportScenarios : Dhcp4TestKit
{
    private static readonly Dhcp4Request Client = new();

    public TransportScenarios() => Serve(LinkOf("home", Subnet()), LinkOf("far", Subnet(id: 2, prefix: "198.51.100.0/24")));

    [Fact]
    public void A_query_without_a_DHCPv4_message_is_discarded_and_counted()
    {
        SendMessage([], []);
        Sent.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.NoMessage).ShouldBe(1);
    }

    [Fact]
    public void A_query_with_two_DHCPv4_messages_is_discarded_and_counted()
    {
        SendMessage(Client.ToOctets(), [(OptionCode.Dhcpv4Message, Client.ToOctets())]);
        Sent.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.SeveralMessages).ShouldBe(1);
    }

    [Fact]
    public void A_DHCPv4_message_that_cannot_be_parsed_is_discarded_wherever_it_ends()
    {
        var whole = Client.ToOctets();
        var tried = 0;
        for (var length = 1; length < whole.Length - 1; length++)
        {
            // Without its cookie, and at the end of an option, it is a message of its own.
            if (length is >= 236 and <= 240 || Dhcp4Message.TryRead(whole.AsSpan(0, length), 0, out _, out _))
                continue;
            SendMessage(whole[..length], []);
            tried++;
        }

        Sent.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.Malformed).ShouldBe(tried);
        tried.ShouldBeGreaterThan(235);
    }

    [Fact]
    public void What_servers_send_is_discarded()
    {
        foreach (var type in new[] { Dhcp4MessageType.Offer, Dhcp4MessageType.Ack, Dhcp4MessageType.Nak, Dhcp4MessageType.ForceRenew, Dhcp4MessageType.LeaseActive, (Dhcp4MessageType)77 })
            Send(Client with { Type = type });
        var reply = Client.ToOctets();
        reply[0] = (byte)BootpOperation.Reply;
        SendMessage(reply, []);
        Sent.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.NotForServers).ShouldBe(7);
    }

    [Fact]
    public void A_client_without_any_identity_is_discarded()
    {
        Send(Client with { ClientId = null, HardwareAddress = [] });
        Counters.Dropped(Dhcp4Drop.NoIdentity).ShouldBe(1);
    }

    [Fact]
    public void A_direct_query_is_answered_by_unicast_to_where_it_came_from()
    {
        Send(Client);
        Sent[^1].Destination.Address.ShouldBe(DirectClient.Value);
        Sent[^1].Destination.Port.ShouldBe((ushort)546);
    }

    [Fact]
    public void A_relayed_query_is_answered_through_each_relay()
    {
        Send(Client, new Relay("2001:db8:1::1", [1, 2]), new Relay("2001:db8:2::1", [3]));
        var packet = Packets[^1];
        RelayChain.TryUnwrap(packet, out var chain, out _, MessageType.RelayReply).ShouldBeTrue();
        chain.Hops.ShouldBe(2);
        chain.Hop(packet, 0).Options.TryGet(OptionCode.InterfaceId, out var outer).ShouldBeTrue();
        outer.ToArray().ShouldBe([1, 2]);
        chain.Hop(packet, 1).Options.TryGet(OptionCode.InterfaceId, out var inner).ShouldBeTrue();
        inner.ToArray().ShouldBe([3]);
        Sent[^1].Destination.Port.ShouldBe((ushort)547);
    }

    [Fact]
    public void Without_a_Dhcp4_configuration_queries_are_counted_as_not_served()
    {
        var other = new OtherSide();
        other.Ask(Client);
        other.NotServed.ShouldBe(1);
    }

    [Fact]
    public void An_overloaded_option_is_understood()
    {
        // The requested address stands in the file field (option 52, RFC 2132 section 9.3).
        var octets = (Client with { Options = [(Dhcp4OptionCode.Overload, [1])] }).ToOctets();
        new byte[] { 50, 4, 192, 0, 2, 77, 255 }.CopyTo(octets, 108);
        SendMessage(octets, []);
        Sent[^1].YourAddress.ShouldBe(Address("192.0.2.77"));
    }

    [Fact]
    public void What_does_not_fit_the_clients_maximum_message_size_is_left_out()
    {
        var many = new OptionSet([Option(6, new byte[240]), Option(119, new byte[200]), Option(15, "example.org"u8.ToArray())]);
        Serve(LinkOf("home", Subnet(options: many)));
        Send(Client with { Parameters = [(Dhcp4OptionCode)119], Options = [(Dhcp4OptionCode.MaxMessageSize, [2, 64])] });
        Sent[^1].Octets.Length.ShouldBeLessThanOrEqualTo(576 - 28);
        Sent[^1].Option(Dhcp4OptionCode.DomainName).ShouldNotBeNull();
        Sent[^1].Option((Dhcp4OptionCode)119).ShouldBeNull();
        Send(Client with { Parameters = [(Dhcp4OptionCode)119] });
        Sent[^1].Option((Dhcp4OptionCode)119).ShouldNotBeNull();
    }

    [Fact]
    public void Options_are_sent_when_asked_for_or_always_and_never_twice()
    {
        var set = new OptionSet(
        [
            Option(42, [192, 0, 2, 1]), Option(66, "tftp"u8.ToArray(), always: true), Option(3, [192, 0, 2, 254]),
            new ConfiguredOption(1, 4491, [7], AlwaysSend: false, NeverSend: false), new ConfiguredOption(67, null, [9], AlwaysSend: true, NeverSend: true),
        ]);
        Serve(LinkOf("home", Subnet(options: set)));
        Send(Client);
        Sent[^1].Option((Dhcp4OptionCode)42).ShouldBeNull();
        Sent[^1].Option(Dhcp4OptionCode.TftpServerName).ShouldBe("tftp"u8.ToArray());
        Sent[^1].Option(Dhcp4OptionCode.Routers).ShouldBe([192, 0, 2, 254]);
        Sent[^1].Option(Dhcp4OptionCode.BootFileName).ShouldBeNull();
        Sent[^1].Option(Dhcp4OptionCode.VendorIdentifyingInformation).ShouldBeNull();
        Send(Client with { Parameters = [(Dhcp4OptionCode)42, Dhcp4OptionCode.Routers, Dhcp4OptionCode.TftpServerName, Dhcp4OptionCode.Routers, Dhcp4OptionCode.VendorIdentifyingInformation] });
        Sent[^1].Option((Dhcp4OptionCode)42).ShouldBe([192, 0, 2, 1]);
        Sent[^1].Option(Dhcp4OptionCode.VendorIdentifyingInformation).ShouldBe([0, 0, 0x11, 0x8b, 3, 1, 1, 7]);
        var routers = 0;
        foreach (var option in Sent[^1].Message.Options)
            routers += option.Code == Dhcp4OptionCode.Routers ? 1 : 0;
        routers.ShouldBe(1);
    }

    [Fact]
    public void What_a_DHCPv4_relay_said_comes_back()
    {
        Send(Client with { Options = [(Dhcp4OptionCode.RelayAgentInformation, [1, 2, 8, 9])], RelayAddress = Address("192.0.2.1") });
        Sent[^1].Option(Dhcp4OptionCode.RelayAgentInformation).ShouldBe([1, 2, 8, 9]);
        Sent[^1].Message.RelayAddress.ShouldBe(Address("192.0.2.1"));
    }

    private sealed class OtherSide : Dhcp4TestKit
    {
        public long NotServed => Counters.Dropped(Dhcp4Drop.NotServed);

        public void Ask(Dhcp4Request request) => Send(request);
    }
}
