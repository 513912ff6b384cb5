using Lease.Kernel.IO;
using Lease.Peers.Relay;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Tests.Relay;

/// <summary>RFC 8415 section 19, rule by rule; RFC 7283, RFC 7341 section 7.3, RFC 8357, RFC 6939.</summary>
public sealed class RelayAgentTests
{
    private static readonly RelayInterface East = new("east", 5, Address("2001:db8:5::1"));
    private static readonly RelayInterface West = new("west", 6, default);
    private static readonly UdpEndpoint Client = new(Address("fe80::a8bb:ccff:fedd:eeff").Value, 546, 5);
    private static readonly byte[] Solicit = [(byte)MessageType.Solicit, 1, 2, 3];

    private readonly byte[] buffer = new byte[65_527];

    [Fact]
    public void A_clients_message_is_wrapped_with_link_and_peer()
    {
        var relay = Forward(new RelayOptions { Interfaces = [East] }, Solicit, Client, East);
        relay.HopCount.ShouldBe((byte)0);
        relay.LinkAddress.ShouldBe(East.LinkAddress);
        relay.PeerAddress.Value.ShouldBe(Client.Address);
        relay.Options.TryGet(OptionCode.RelayMessage, out var inner).ShouldBeTrue();
        inner.ToArray().ShouldBe(Solicit);
        relay.Options.TryGet(OptionCode.InterfaceId, out var id).ShouldBeTrue();
        id.ToArray().ShouldBe("east"u8.ToArray());
        relay.Options.Contains(OptionCode.RelaySourcePort).ShouldBeFalse();
    }

    [Fact]
    public void The_clients_link_layer_address_is_that_of_its_link_local_address()
    {
        var relay = Forward(new RelayOptions { Interfaces = [East] }, Solicit, Client, East);
        relay.Options.TryGet(OptionCode.ClientLinkLayerAddress, out var address).ShouldBeTrue();
        address.ToArray().ShouldBe([0, 1, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]);
        Forward(new RelayOptions { Interfaces = [East] }, Solicit, Client with { Address = Address("fe80::1:2:3:4").Value }, East).Options.Contains(OptionCode.ClientLinkLayerAddress).ShouldBeFalse();
        Forward(new RelayOptions { Interfaces = [East], ClientLinkLayerAddress = false }, Solicit, Client, East).Options.Contains(OptionCode.ClientLinkLayerAddress).ShouldBeFalse();
    }

    [Fact]
    public void What_is_configured_goes_in()
    {
        var options = new RelayOptions { Interfaces = [East, West], InterfaceId = [7], RemoteId = [0, 0, 0, 9, 1], SubscriberId = [2], RelayId = [0, 3, 0, 1, 5] };
        var relay = Forward(options, Solicit, Client, West);
        relay.LinkAddress.IsUnspecified.ShouldBeTrue();
        Data(relay.Options, OptionCode.RemoteId).ShouldBe([0, 0, 0, 9, 1]);
        Data(relay.Options, OptionCode.SubscriberId).ShouldBe([2]);
        Data(relay.Options, OptionCode.RelayId).ShouldBe([0, 3, 0, 1, 5]);
        Data(relay.Options, OptionCode.InterfaceId).ShouldBe([7, .. ".west"u8]);
    }

    [Theory]
    [InlineData("fe80::9", "2001:db8:5::1")]
    [InlineData("2001:db8:6::1", "::")]
    public void A_relays_message_is_wrapped_again_with_one_hop_more(string source, string link)
    {
        var inner = RelayForward(hopCount: 3);
        var relay = Forward(new RelayOptions { Interfaces = [East] }, inner, new UdpEndpoint(Address(source).Value, 547, 5), East);
        relay.HopCount.ShouldBe((byte)4);
        relay.LinkAddress.ShouldBe(Address(link));
        Data(relay.Options, OptionCode.RelayMessage).ShouldBe(inner);
        relay.Options.Contains(OptionCode.ClientLinkLayerAddress).ShouldBeFalse();
    }

    [Fact]
    public void A_message_at_the_hop_limit_is_dropped()
    {
        TryForward(new RelayOptions { Interfaces = [East] }, RelayForward(hopCount: 7)).ShouldBeNull();
        TryForward(new RelayOptions { Interfaces = [East] }, RelayForward(hopCount: 8)).ShouldBe(RelayDrop.HopLimit);
        TryForward(new RelayOptions { Interfaces = [East], HopLimit = 2 }, RelayForward(hopCount: 2)).ShouldBe(RelayDrop.HopLimit);
    }

    [Theory]
    [InlineData(MessageType.Advertise)]
    [InlineData(MessageType.Reply)]
    [InlineData(MessageType.Reconfigure)]
    [InlineData(MessageType.RelayReply)]
    [InlineData(MessageType.LeaseQueryReply)]
    [InlineData(MessageType.LeaseQueryDone)]
    [InlineData(MessageType.LeaseQueryData)]
    [InlineData(MessageType.AddrRegReply)]
    [InlineData(MessageType.Dhcpv4Response)]
    public void What_servers_send_is_not_relayed_to_them(MessageType type)
        => TryForward(new RelayOptions { Interfaces = [East] }, [(byte)type, 1, 2, 3]).ShouldBe(RelayDrop.FromServer);

    [Theory]
    [InlineData(MessageType.Dhcpv4Query)]
    [InlineData(MessageType.AddrRegInform)]
    [InlineData((MessageType)200)]
    public void Messages_that_nobody_knew_are_relayed(MessageType type)
        => TryForward(new RelayOptions { Interfaces = [East] }, [(byte)type, 1, 2, 3]).ShouldBeNull();

    [Fact]
    public void Only_DHCPV4_QUERY_goes_to_the_4o6_servers()
    {
        RelayAgent.IsDhcp4o6([(byte)MessageType.Dhcpv4Query, 0, 0, 0]).ShouldBeTrue();
        RelayAgent.IsDhcp4o6(Solicit).ShouldBeFalse();
        RelayAgent.IsDhcp4o6([]).ShouldBeFalse();
    }

    [Fact]
    public void What_is_too_short_or_too_long_is_dropped()
    {
        TryForward(new RelayOptions { Interfaces = [East] }, []).ShouldBe(RelayDrop.Malformed);
        TryForward(new RelayOptions { Interfaces = [East] }, [1, 2, 3]).ShouldBe(RelayDrop.Malformed);
        TryForward(new RelayOptions { Interfaces = [East] }, RelayForward(hopCount: 0)[..20]).ShouldBe(RelayDrop.Malformed);
        TryForward(new RelayOptions { Interfaces = [East] }, [1, .. new byte[65_526]]).ShouldBe(RelayDrop.TooLarge);
    }

    [Fact]
    public void Another_source_port_is_told_and_so_is_that_of_the_relay_in_front()
    {
        Data(Forward(new RelayOptions { Interfaces = [East], SourcePort = 5000 }, Solicit, Client, East).Options, OptionCode.RelaySourcePort).ShouldBe([0, 0]);
        var relayed = Forward(new RelayOptions { Interfaces = [East] }, RelayForward(0), new UdpEndpoint(Address("2001:db8:6::1").Value, 4711, 0), East);
        Data(relayed.Options, OptionCode.RelaySourcePort).ShouldBe([0x12, 0x67]);
    }

    [Fact]
    public void A_reply_goes_to_the_client_out_of_its_interface()
    {
        var to = Reply(new RelayOptions { Interfaces = [West, East] }, Wrap("fe80::9", [(byte)MessageType.Reply, 1, 2, 3], ("east"u8.ToArray(), null)), out var message);
        to.Interface.ShouldBe(East);
        to.Destination.ShouldBe(new UdpEndpoint(Address("fe80::9").Value, 546, 5));
        message.ShouldBe([(byte)MessageType.Reply, 1, 2, 3]);
    }

    [Fact]
    public void Without_an_interface_id_the_link_address_tells_the_interface()
        => Reply(new RelayOptions { Interfaces = [West, East] }, Wrap("fe80::9", [7, 1, 2, 3], (null, null)), out _).Interface.ShouldBe(East);

    [Fact]
    public void A_reply_for_a_relay_goes_to_port_547_or_to_the_port_it_sent_from()
    {
        byte[] inner = [(byte)MessageType.RelayReply, .. new byte[33]];
        Reply(new RelayOptions { Interfaces = [East] }, Wrap("2001:db8:6::1", inner, ("east"u8.ToArray(), null)), out _).Destination.ShouldBe(new UdpEndpoint(Address("2001:db8:6::1").Value, 547, 0));
        Reply(new RelayOptions { Interfaces = [East] }, Wrap("2001:db8:6::1", inner, ("east"u8.ToArray(), [0x12, 0x67])), out _).Destination.Port.ShouldBe((ushort)4711);
    }

    [Fact]
    public void What_is_no_RELAY_REPL_or_for_nobody_is_dropped()
    {
        var agent = new RelayAgent(new RelayOptions { Interfaces = [East] });
        agent.TryReply(Solicit, out _, out _, out var drop).ShouldBeFalse();
        drop.ShouldBe(RelayDrop.NotRelayReply);
        agent.TryReply(Wrap("fe80::9", [7, 1, 2, 3], ("north"u8.ToArray(), null)), out _, out _, out drop).ShouldBeFalse();
        drop.ShouldBe(RelayDrop.UnknownInterface);
        var whole = Wrap("fe80::9", [7, 1, 2, 3], ("east"u8.ToArray(), null));
        for (var length = 1; length < whole.Length; length++)
            agent.TryReply(whole.AsSpan(0, length), out _, out _, out drop).ShouldBeFalse();
    }

    [Fact]
    public void Garbage_of_any_kind_throws_nothing()
    {
        var random = new Random(1);
        var agent = new RelayAgent(new RelayOptions { Interfaces = [East, West] });
        var whole = Wrap("fe80::9", RelayForward(1), ("east"u8.ToArray(), [1, 2]));
        for (var i = 0; i < 200_000; i++)
        {
            var garbage = whole.ToArray();
            for (var n = random.Next(6); n >= 0; n--)
                garbage[random.Next(garbage.Length)] = (byte)random.Next(256);
            var cut = garbage.AsSpan(0, random.Next(garbage.Length + 1));
            agent.TryForward(cut, Client, East, buffer, out _, out _);
            agent.TryReply(cut, out _, out _, out _);
        }
    }

    private static Ipv6Address Address(string text) => Ipv6Address.TryParse(text, out var address) ? address : throw new ArgumentException(text, nameof(text));

    private static byte[] Data(OptionList options, OptionCode code) => options.TryGet(code, out var data) ? data.ToArray() : [];

    private static byte[] RelayForward(byte hopCount)
    {
        var writer = new Dhcp6Writer(new byte[100]);
        writer.RelayHeader(MessageType.RelayForward, hopCount, default, Address("fe80::9"));
        writer.Option(OptionCode.RelayMessage, Solicit);
        return writer.Written.ToArray();
    }

    private static byte[] Wrap(string peer, byte[] message, (byte[]? InterfaceId, byte[]? Port) options)
    {
        var writer = new Dhcp6Writer(new byte[300]);
        writer.RelayHeader(MessageType.RelayReply, 0, East.LinkAddress, Address(peer));
        if (options.InterfaceId is not null)
            writer.Option(OptionCode.InterfaceId, options.InterfaceId);
        if (options.Port is not null)
            writer.Option(OptionCode.RelaySourcePort, options.Port);
        writer.Option(OptionCode.RelayMessage, message);
        return writer.Written.ToArray();
    }

    private static RelayedTo Reply(RelayOptions options, byte[] packet, out byte[] message)
    {
        new RelayAgent(options).TryReply(packet, out var inner, out var to, out var drop).ShouldBeTrue(drop.ToString());
        message = inner.ToArray();
        return to;
    }

    private RelayMessage Forward(RelayOptions options, byte[] message, UdpEndpoint source, RelayInterface from)
    {
        new RelayAgent(options).TryForward(message, source, from, buffer, out var length, out var drop).ShouldBeTrue(drop.ToString());
        RelayMessage.TryRead(buffer.AsSpan(0, length).ToArray(), 0, out var relay, out var defect).ShouldBeTrue(defect.ToString());
        relay.Type.ShouldBe(MessageType.RelayForward);
        return relay;
    }

    private RelayDrop? TryForward(RelayOptions options, byte[] message)
        => new RelayAgent(options).TryForward(message, Client, East, buffer, out _, out var drop) ? null : drop;
}
