using Lease.Actors.Classification;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Classification;

/// <summary>Damaged packets and random expressions, with a fixed seed: nothing throws but what is no expression.</summary>
public sealed class ExpressionFuzzTests
{
    private static readonly string[] Everything6 =
    [
        "option[1].hex == 'a'", "option[3].option[13].exists", "option[17].option[2].hex == 'a'", "relay6[1].option[18].hex == 'a'", "relay6[-1].peeraddr == ::1",
        "vendor[4491].option[2].hex == 'a'", "vendor-class[*].data[1] == 'a'", "vendor.enterprise == 1", "hexstring(option[16].hex, option[15].hex) == 'a'",
        "split(option[9999].text, '.', 3) == 'a'", "substring(option[1].hex, -3, -9) == 'a'", "addrtotext(option[1].hex) == 'a'", "uint16totext(option[15].hex) == 'a'",
        "ucase(option[9999].hex) + lcase(option[9999].hex) == 'a'", "ifelse(vendor[*].exists, option[17].hex, option[16].hex) == 'a'", "pkt.len == 1", "pkt6.transid == 1",
    ];

    private static readonly string[] Everything4 =
    [
        "option[60].hex == 'a'", "option[77].hex == 'a'", "relay4[1].hex == 'a'", "option[82].option[2].exists", "vendor[4491].option[2].hex == 'a'", "vendor-class[4491].data == 'a'",
        "vendor-class[*].data[1] == 'a'", "hexstring(pkt4.mac, ':') == 'a'", "pkt4.hlen == 6", "pkt4.siaddr == 1.2.3.4", "option[125].option[1].hex == 'a'", "option[43].option[1].hex == 'a'",
    ];

    private static readonly string[] Words =
    [
        "option", "relay4", "relay6", "pkt", "pkt4", "pkt6", "vendor", "vendor-class", "substring", "concat", "split", "ifelse", "hexstring", "lcase", "addrtotext", "uint8totext", "member", "known",
        "not", "and", "or", "==", "+", "(", ")", "[", "]", ",", ".", "*", "1", "-1", "0x01", "'a'", "::1", "10.0.0.1", "hex", "exists", "text", "data", "all", "linkaddr", "mac", "enterprise",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_packet_makes_an_expression_throw(bool isIpv4)
    {
        var random = new Random(20261121);
        var tests = (isIpv4 ? Everything4 : Everything6).Select(t => ExpressionParser.ParseTest(t, Packets.Scope(isIpv4))).ToArray();
        var classes = new AssignedClasses();
        var whole = isIpv4 ? Packets.Query() : Packets.Relayed();
        var evaluated = 0;
        Span<byte> room = stackalloc byte[32];
        for (var round = 0; round < 20_000; round++)
        {
            var packet = whole.ToArray();
            for (var damage = random.Next(1, 4); damage > 0; damage--)
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            if (!RelayChain.TryUnwrap(packet, out var chain, out _) || !Dhcp6Message.TryRead(chain.Message(packet), chain.MessageStart, out var message, out _))
                continue;
            var ipv4 = default(ReadOnlySpan<byte>);
            if (isIpv4 && (!message.Options.TryGet(OptionCode.Dhcpv4Message, out ipv4) || !Dhcp4Message.TryRead(ipv4, 0, out _, out _)))
                continue;
            evaluated++;
            foreach (var test in tests)
            {
                var evaluation = new Evaluation(new PacketView(packet, chain, "eth0", Packets.Source, ipv4), classes, room);
                test.IsTrue(ref evaluation);
            }
        }

        evaluated.ShouldBeGreaterThan(5000);
    }

    [Fact]
    public void Random_words_are_an_expression_or_refused()
    {
        var random = new Random(20261121);
        var packet = Packets.Relayed();
        var understood = 0;
        for (var round = 0; round < 100_000; round++)
        {
            var text = string.Join(' ', Enumerable.Range(0, random.Next(1, 12)).Select(_ => Words[random.Next(Words.Length)]));
            try
            {
                Packets.Holds(text, packet, isIpv4: false);
                understood++;
            }
            catch (ExpressionException)
            {
                // As it should be for most.
            }
        }

        understood.ShouldBeGreaterThan(100);
    }
}
