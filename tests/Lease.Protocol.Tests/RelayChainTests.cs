using Lease.Protocol.Dhcp6;
using static Lease.Protocol.Tests.Wire;

namespace Lease.Protocol.Tests;

public sealed class RelayChainTests
{
    private static readonly byte[] Solicit = Message(MessageType.Solicit, (OptionCode.ClientId, ClientDuid));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    public void Chain_holds_every_relay_from_the_nearest_to_the_server_to_the_nearest_to_the_client(int hops)
    {
        var packet = Relayed(Solicit, hops, MessageType.RelayForward);
        RelayChain.TryUnwrap(packet, out var chain, out _).ShouldBeTrue();
        chain.Hops.ShouldBe(hops);
        chain.Message(packet).ToArray().ShouldBe(Solicit);
        for (var hop = 0; hop < hops; hop++)
        {
            var relay = chain.Hop(packet, hop);
            relay.HopCount.ShouldBe((byte)(hops - 1 - hop));
            relay.LinkAddress.ShouldBe(new Ipv6Address((UInt128)(hops - 1 - hop)));
            relay.Options.TryGet(OptionCode.InterfaceId, out var interfaceId).ShouldBeTrue();
            interfaceId.ToArray().ShouldBe([(byte)(hops - 1 - hop)]);
        }
    }

    [Fact]
    [Trait("RFC", "8415 section 7.6")]
    public void More_relays_than_the_limit_are_refused()
    {
        RelayChain.TryUnwrap(Relayed(Solicit, RelayChain.MaxHops + 1, MessageType.RelayForward), out _, out var defect).ShouldBeFalse();
        defect.Reason.ShouldBe(MalformedReason.TooManyHops);
    }

    [Fact]
    public void Answer_is_unwrapped_as_the_question_was()
    {
        var packet = Relayed(Message(MessageType.Reply), 2, MessageType.RelayReply);
        RelayChain.TryUnwrap(packet, out var chain, out _, MessageType.RelayReply).ShouldBeTrue();
        (chain.Hops, chain.Message(packet)[0]).ShouldBe((2, (byte)MessageType.Reply));
        RelayChain.TryUnwrap(packet, out chain, out _).ShouldBeTrue();
        chain.Hops.ShouldBe(0);
    }

    [Fact]
    public void Place_of_a_defect_counts_from_the_start_of_the_packet()
    {
        byte[] broken = [.. Solicit, 0, 3, 0, 99];
        var packet = Relayed(broken, 1, MessageType.RelayForward);
        RelayChain.TryUnwrap(packet, out var chain, out _).ShouldBeTrue();
        Dhcp6Message.TryRead(chain.Message(packet), chain.MessageStart, out _, out var defect).ShouldBeFalse();
        defect.ShouldBe(new Malformed(MalformedReason.LengthBeyondEnd, OptionCode.IaNa, packet.Length - 4, 99, 0));
        defect.ToString().ShouldBe($"option IA_NA (3) at offset {packet.Length - 4}: length 99 goes beyond the end (0 left)");
    }

    [Fact]
    public void Empty_packet_is_no_message()
    {
        RelayChain.TryUnwrap([], out var chain, out _).ShouldBeTrue();
        Dhcp6Message.TryRead(chain.Message([]), chain.MessageStart, out _, out var defect).ShouldBeFalse();
        defect.ToString().ShouldBe("message at offset 0: ends within its header");
    }

    private static byte[] Relayed(byte[] message, int hops, MessageType type)
    {
        for (var hop = 0; hop < hops; hop++)
        {
            var inner = message;
            var count = (byte)hop;
            message = Written((ref writer) =>
            {
                writer.RelayHeader(type, count, new Ipv6Address(count), Ipv6Address.Unspecified);
                writer.Option(OptionCode.InterfaceId, [count]);
                writer.Option(OptionCode.RelayMessage, inner);
            });
        }

        return message;
    }
}
