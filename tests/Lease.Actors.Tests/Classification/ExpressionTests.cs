using Lease.Actors.Classification;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Classification;

/// <summary>The expressions of client classes: each of Kea's forms, with values by its manual.</summary>
public sealed class ExpressionTests
{
    [Theory]
    [InlineData("option[1].hex == 0x00030001020000000001")]
    [InlineData("option[1].exists and option[14].exists")]
    [InlineData("option[14].hex == ''")]
    [InlineData("not option[500].exists")]
    [InlineData("option[500].hex == ''")]
    [InlineData("option[user-class].text == 0x0003616263")]
    [InlineData("option [ text ] . text == 'Text.with.dots'")]
    [InlineData("option[3].option[13].hex == 0x0000")]
    [InlineData("option[3].option[13].exists and not option[3].option[5].exists and not option[1].option[5].exists")]
    [InlineData("option[17].option[1].hex == 0x05")]
    [InlineData("relay6[0].option[18].hex == 'outer' and relay6[1].option[18].text == 'inner'")]
    [InlineData("relay6[-1].option[18].hex == 'inner' and relay6[-2].option[18].exists")]
    [InlineData("relay6[0].linkaddr == 2001:db8::100 and relay6[1].linkaddr == 2001:db8::200")]
    [InlineData("relay6[0].peeraddr == fe80::9")]
    [InlineData("relay6[2].linkaddr == '' and not relay6[2].option[18].exists and relay6[-3].peeraddr == ''")]
    [InlineData("pkt.iface == 'eth7'")]
    [InlineData("pkt.src == 2001:db8::7")]
    [InlineData("pkt6.msgtype == 1 and pkt6.transid == 1193046")]
    [InlineData("not (pkt.len == 0)")]
    [InlineData("vendor.enterprise == 9 and vendor-class.enterprise == 4491")]
    [InlineData("vendor[9].exists and vendor[4491].exists and vendor[*].exists and vendor[0].exists and not vendor[7].exists")]
    [InlineData("vendor[4491].option[2].hex == 0x0607 and vendor[9].option[1].exists and not vendor[9].option[2].exists")]
    [InlineData("vendor-class[4491].exists and vendor-class[*].exists and not vendor-class[9].exists")]
    [InlineData("vendor-class[4491].data == 'one' and vendor-class[4491].data[1] == 'two' and vendor-class[*].data[2] == '' and vendor-class[9].data == ''")]
    public void What_a_DHCPv6_packet_holds_is_found(string test) => Packets.Holds(test).ShouldBeTrue();

    [Theory]
    [InlineData("pkt4.mac == 0x020000000001 and pkt4.hlen == 6 and pkt4.htype == 1")]
    [InlineData("pkt4.msgtype == 1 and pkt4.transid == 0x01020304")]
    [InlineData("pkt4.ciaddr == 192.0.2.1 and pkt4.giaddr == 192.0.2.2 and pkt4.siaddr == 192.0.2.3 and pkt4.yiaddr == 0.0.0.0")]
    [InlineData("option[60].text == 'set-top'")]
    [InlineData("relay4[1].hex == 'port' and option[82].option[2].hex == 0x09 and not relay4[5].exists and relay4[5].hex == ''")]
    [InlineData("vendor[4491].option[2].hex == 0x0607 and vendor[9].option[1].hex == 0x05 and vendor.enterprise == 9 and not vendor[7].exists")]
    [InlineData("vendor-class[4491].data == 'one' and vendor-class[4491].data[1] == '' and vendor-class.enterprise == 4491")]
    [InlineData("pkt.iface == 'eth7' and pkt.src == 2001:db8::7 and not relay6[0].option[18].exists")]
    [InlineData("option[77].exists and not (substring(option[77].hex, 299, 1) == '') and substring(option[77].hex, 300, 1) == ''")]
    public void What_a_DHCPv4_message_holds_is_found(string test) => Packets.Holds4(test).ShouldBeTrue();

    // Kea's manual, "Substring" and "Split".
    [Theory]
    [InlineData("substring('foobar', 0, 6) == 'foobar'")]
    [InlineData("substring('foobar', 3, 3) == 'bar'")]
    [InlineData("substring('foobar', 3, all) == 'bar'")]
    [InlineData("substring('foobar', 1, 4) == 'ooba'")]
    [InlineData("substring('foobar', -5, 4) == 'ooba'")]
    [InlineData("substring('foobar', -1, -3) == 'oba'")]
    [InlineData("substring('foobar', 4, -2) == 'ob'")]
    [InlineData("substring('foobar', 4, -2147483647) == 'foob'")]
    [InlineData("substring('foobar', 10, 2) == ''")]
    [InlineData("substring('foobar', -7, 2) == ''")]
    [InlineData("substring('', 0, all) == ''")]
    [InlineData("split('one.two..four', '.', 1) == 'one'")]
    [InlineData("split('one.two..four', '.', 2) == 'two'")]
    [InlineData("split('one.two..four', '.', 3) == ''")]
    [InlineData("split('one.two..four', '.', 4) == 'four'")]
    [InlineData("split('one.two..four', '.', 5) == ''")]
    [InlineData("split('one.two', '.', 0) == '' and split('one.two', '.', -1) == ''")]
    [InlineData("split('one', '', 7) == 'one' and split('', '.', 1) == ''")]
    [InlineData("concat('foo', 'bar') == 'foobar' and 'a' + 'b' + 'c' == 'abc' and '' + '' == ''")]
    [InlineData("ifelse(option[1].exists, 'yes', 'no') == 'yes' and ifelse(option[500].exists, 'yes', 'no') == 'no'")]
    [InlineData("hexstring(0xf01234, '..') == 'f0..12..34' and hexstring('', ':') == '' and hexstring('foo', '') == '666f6f'")]
    [InlineData("lcase('LoWeR-1') == 'lower-1' and ucase('uPpEr_z') == 'UPPER_Z'")]
    [InlineData("addrtotext(192.10.0.1) == '192.10.0.1' and addrtotext(2003:db8::) == '2003:db8::' and addrtotext('') == ''")]
    [InlineData("int8totext(0xff) == '-1' and uint8totext(0xff) == '255' and int16totext(0x8000) == '-32768' and uint16totext(0xffff) == '65535'")]
    [InlineData("int32totext(0xffffffff) == '-1' and uint32totext(4294967295) == '4294967295' and uint32totext('') == ''")]
    [InlineData("0x1 == 0x01 and 0X5a7d == 'Z}' and 123 == 0x0000007b and 10.0.0.1 == 0x0a000001 and ::ffff:10.0.0.1 == 0x00000000000000000000ffff0a000001")]
    [InlineData("('a') == 'a' and ((1 == 1))")]
    public void Values_are_computed_as_in_Keas_manual(string test) => Packets.Holds(test).ShouldBeTrue();

    [Theory]
    [InlineData("not 1 == 2 and 1 == 1", true)]
    [InlineData("1 == 2 and 1 == 1 or 1 == 1", true)]
    [InlineData("1 == 2 and (1 == 1 or 1 == 1)", false)]
    [InlineData("1 == 1 or 1 == 1 and 1 == 2", true)]
    [InlineData("not not (1 == 1)", true)]
    [InlineData("member('a') and not member('b')", true)]
    [InlineData("known and not unknown", true)]
    [InlineData("unknown", false)]
    public void Not_binds_before_and_and_that_before_or(string test, bool holds) => Packets.Holds(test, "a", "KNOWN").ShouldBe(holds);

    [Theory]
    [InlineData("not (addrtotext(0x010203) == 'a')")]
    [InlineData("not (uint8totext(5) == '5')")]
    [InlineData("not (hexstring(option[9999].hex, hexstring(option[9999].hex, option[1].hex + hexstring(option[9999].hex, option[9999].hex + option[9999].hex"
        + " + hexstring(option[9999].hex, hexstring(option[9999].hex, hexstring(option[9999].hex, option[9999].hex)))))) == 'a')")]
    public void What_cannot_be_computed_puts_the_packet_into_no_class(string test) => Packets.Holds(test).ShouldBeFalse();

    [Theory]
    [InlineData("", 1, "the end is not allowed here")]
    [InlineData("'a'", 1, "'a' begins a value, which is neither true nor false: compare it with ==")]
    [InlineData("option[1].hex", 1, "compare it with ==")]
    [InlineData("'a' == option[1].exists", 8, "where a value must be")]
    [InlineData("'a' == 'b' == 'c'", 12, "must be \"and\", \"or\"")]
    [InlineData("known == 'a'", 1, "where a value must be")]
    [InlineData("option[1].hax == 'a'", 11, "\"hax\" is not allowed here: must be option, exists, hex or text")]
    [InlineData("option[1].option[2].option[3].exists", 21, "must be exists, hex or text")]
    [InlineData("option[70000].exists", 8, "must be from 0 to 65535")]
    [InlineData("option[-1].exists", 8, "must be from 0 to 65535")]
    [InlineData("option[nope].exists", 8, "nope is no option of Dhcp6")]
    [InlineData("option", 7, "must be \"[\"")]
    [InlineData("option[", 8, "must be a number")]
    [InlineData("relay6[0].option[interface-id].hex == 'a'", 18, "must be a number")]
    [InlineData("relay6[40].linkaddr == ::1", 8, "must be from -32 to 31")]
    [InlineData("relay4[1].exists", 1, "relay4 is of DHCPv4 only")]
    [InlineData("pkt4.mac == 0x01", 1, "pkt4 is of DHCPv4 only")]
    [InlineData("pkt.dst == ::1", 5, "must be one of iface, src, len")]
    [InlineData("pkt6.foo == 1", 6, "must be one of msgtype, transid")]
    [InlineData("vendor == 1", 8, "must be \"[\"")]
    [InlineData("vendor-class[1].option[1].exists", 17, "must be exists or data")]
    [InlineData("-1 == 1", 1, "-1 is not allowed: must be from 0 to 4294967295")]
    [InlineData("5000000000 == 1", 1, "must be from 0 to 4294967295")]
    [InlineData("substring('abc', '0', 1) == 'a'", 18, "must be a number")]
    [InlineData("substring('abc', 0, any) == 'a'", 21, "must be a number")]
    [InlineData("hexstring('a') == 'a'", 14, "must be \",\"")]
    [InlineData("member(known)", 8, "must be the name of a class in single quotes")]
    [InlineData("member('unknown-one')", 8, "class unknown-one must be built in or defined before this one")]
    [InlineData("match('a', 'b')", 1, "\"match\" is not allowed here: must be a 'text', 0x")]
    [InlineData("1 == 1 AND 1 == 1", 8, "must be \"and\", \"or\"")]
    [InlineData("'it''s' == 'a'", 1, "compare it with ==")]
    [InlineData("'open == 1", 1, "no closing quote")]
    [InlineData("1 = 1", 3, "\"=\" has no meaning here")]
    [InlineData("(1 == 1", 8, "must be \")\"")]
    [InlineData("1 == 1)", 7, "must be \"and\", \"or\"")]
    [InlineData("1:2 == 1", 2, "\":\" has no meaning here")]
    public void What_is_wrong_is_refused_with_its_place(string test, int place, string message)
    {
        var error = Should.Throw<ExpressionException>(() => ExpressionParser.ParseTest(test, Packets.Scope(isIpv4: false)));
        error.Message.ShouldContain(message);
        error.Place.ShouldBe(place);
    }

    [Theory]
    [InlineData("pkt6.msgtype == 1", "pkt6 is of DHCPv6 only")]
    [InlineData("option[256].exists", "must be from 0 to 255")]
    public void DHCPv4_has_its_own_bounds(string test, string message)
        => Should.Throw<ExpressionException>(() => ExpressionParser.ParseTest(test, Packets.Scope(isIpv4: true))).Message.ShouldContain(message);

    [Theory]
    [InlineData("(")]
    [InlineData("not ")]
    [InlineData("lcase(")]
    public void An_expression_that_is_nested_too_deep_is_refused(string opening)
        => Should.Throw<ExpressionException>(() => ExpressionParser.ParseTest(string.Concat(Enumerable.Repeat(opening, 100_000)), Packets.Scope(isIpv4: false))).Message.ShouldContain("nested");

    [Fact]
    public void Evaluating_allocates_nothing()
    {
        var packet = Packets.Relayed();
        RelayChain.TryUnwrap(packet, out var chain, out _).ShouldBeTrue();
        var test = ExpressionParser.ParseTest(
            "option[1].hex == 0x01 or relay6[0].option[18].hex + pkt.iface == 'a' or vendor[4491].option[2].hex == 'a' or hexstring(option[1].hex, ':') == 'a' or pkt6.transid == 1 "
            + "or split(option[9999].text, '.', 2) == 'a' or lcase(option[9999].text) == 'a' or member('a') or vendor-class[*].data[1] == 'a'",
            Packets.Scope(isIpv4: false));
        var classes = new AssignedClasses();
        Span<byte> room = stackalloc byte[256];
        var allocated = 0L;
        for (var round = 0; round < 200; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var evaluation = new Evaluation(new PacketView(packet, chain, "eth7", Packets.Source), classes, room);
            test.IsTrue(ref evaluation).ShouldBeFalse();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        allocated.ShouldBe(0);
    }

    [Fact]
    public void A_long_expression_is_no_deep_one()
        => Packets.Holds(string.Join(" or ", Enumerable.Repeat("1 == 2", 20_000)) + " or " + string.Join(" + ", Enumerable.Repeat("'ab'", 2_000)) + " == 'a'").ShouldBeFalse();
}
