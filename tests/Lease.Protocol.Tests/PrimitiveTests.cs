using Lease.Protocol.Dhcp6;
using static Lease.Protocol.Tests.Wire;

namespace Lease.Protocol.Tests;

public sealed class PrimitiveTests
{
    [Fact]
    public void Duid_parses_as_formatted_with_and_without_colons() => ForAll(Octets, octets =>
    {
        Duid.TryParse(Duid.ToText(octets), out var parsed).ShouldBe(octets.Length > 0);
        parsed.ShouldBe(octets);
        Duid.TryParse(Convert.ToHexString(octets), out parsed).ShouldBe(octets.Length > 0);
        parsed.ShouldBe(octets);
    });

    [Theory]
    [InlineData("0:1:2", "000102")]
    [InlineData("0x000102", "000102")]
    [InlineData("00:01:AA", "0001AA")]
    public void Duid_is_read_as_people_write_it(string text, string expected)
    {
        Duid.TryParse(text, out var octets).ShouldBeTrue();
        Convert.ToHexString(octets).ShouldBe(expected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("00::01")]
    [InlineData("00:001")]
    [InlineData("zz")]
    [InlineData("00 01")]
    [InlineData("0x")]
    public void Text_that_is_no_duid_is_refused(string text) => Duid.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    [Trait("RFC", "8415 section 11")]
    public void Duids_of_every_kind_are_made_as_the_rfc_draws_them()
    {
        byte[] mac = [2, 0, 0, 0, 0, 1];
        var time = new DateTimeOffset(2000, 1, 1, 0, 1, 0, TimeSpan.Zero);
        Convert.ToHexString(Duid.MakeLinkLayerTime(1, time, mac)).ShouldBe("000100010000003C020000000001");
        Convert.ToHexString(Duid.MakeEnterprise(9, "x"u8)).ShouldBe("00020000000978");
        Convert.ToHexString(Duid.MakeLinkLayer(1, mac)).ShouldBe("00030001020000000001");
        Convert.ToHexString(Duid.MakeUuid(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"))).ShouldBe("000400112233445566778899AABBCCDDEEFF");
        Duid.KindOf(Duid.MakeUuid(Guid.Empty)).ShouldBe("DUID-UUID");
        Duid.KindOf([9, 9, 9]).ShouldBe("DUID");
    }

    [Fact]
    public void Link_layer_address_is_found_in_duids_that_have_one()
    {
        byte[] mac = [2, 0, 0, 0, 0, 1];
        Duid.TryGetLinkLayer(Duid.MakeLinkLayerTime(1, DateTimeOffset.UnixEpoch, mac), out var type, out var address).ShouldBeTrue();
        type.ShouldBe((ushort)1);
        address.ToArray().ShouldBe(mac);
        Duid.TryGetLinkLayer(Duid.MakeLinkLayer(6, mac), out type, out address).ShouldBeTrue();
        type.ShouldBe((ushort)6);
        address.ToArray().ShouldBe(mac);
        Duid.TryGetLinkLayer(Duid.MakeEnterprise(9, mac), out _, out _).ShouldBeFalse();
        Duid.TryGetLinkLayer([0, 1, 0, 1, 0, 0, 0, 0], out _, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("example.org", "076578616D706C65036F726700")]
    [InlineData("example.org.", "076578616D706C65036F726700")]
    [InlineData("", "00")]
    [InlineData(".", "00")]
    public void Domain_name_is_encoded_in_labels(string name, string expected)
    {
        DomainName.TryEncode(name, out var octets).ShouldBeTrue();
        Convert.ToHexString(octets).ShouldBe(expected);
        DomainName.AreValid(octets).ShouldBeTrue();
    }

    [Fact]
    public void Names_that_do_not_fit_the_wire_are_refused()
    {
        DomainName.TryEncode("a..b", out _).ShouldBeFalse();
        DomainName.TryEncode(new string('a', 64), out _).ShouldBeFalse();
        DomainName.TryEncode(new string('a', 63), out _).ShouldBeTrue();
        DomainName.TryEncode(string.Join('.', Enumerable.Repeat(new string('a', 63), 4)), out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("00", ".")]
    [InlineData("0161", "a")]
    [InlineData("016100", "a.")]
    [InlineData("01610162", "a.b")]
    [InlineData("01610562", "a")]
    [InlineData("0161000162", "a. b")]
    [InlineData("01610000", "a. .")]
    [InlineData("03612E620163" + "00", "a\\.b.c.")]
    [InlineData("035C2009" + "00", "\\\\\\032\\009.")]
    [Trait("RFC", "1035 section 5.1")]
    public void Names_are_shown_so_that_no_two_look_alike(string octets, string expected)
        => DomainName.ToText(Convert.FromHexString(octets)).ShouldBe(expected);

    [Fact]
    public void Domain_names_of_any_octets_are_judged_and_shown_without_an_exception() => ForAll(Octets, octets =>
    {
        DomainName.AreValid(octets);
        DomainName.ToText(octets).ShouldAllBe(letter => letter > ' ' && letter < 127 || letter == ' ');
    });

    [Fact]
    [Trait("RFC", "1035 section 3.1")]
    public void Name_over_255_octets_is_invalid_also_in_pieces()
    {
        byte[] label = [63, .. new byte[63].Select(_ => (byte)'a')];
        byte[] four = [.. label, .. label, .. label, .. label, 0];
        DomainName.AreValid(four).ShouldBeFalse();
        byte[] longest = [.. label, .. label, .. label, 61, .. label[1..62], 0];
        longest.Length.ShouldBe(DomainName.MaxLength);
        DomainName.AreValid(longest).ShouldBeTrue();
        byte[] oneMore = [.. label, .. label, .. label, 62, .. label[1..63], 0];
        DomainName.AreValid(oneMore).ShouldBeFalse();
    }

    [Fact]
    public void Absolute_time_comes_back_to_the_second_also_after_it_wrapped()
    {
        foreach (var now in new[] { new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero), new DateTimeOffset(2136, 2, 7, 6, 28, 16, TimeSpan.Zero) })
        {
            foreach (var offset in new[] { -86_400, -1, 0, 1, 86_400 })
                DhcpTime.FromSeconds(DhcpTime.ToSeconds(now.AddSeconds(offset)), now).ShouldBe(now.AddSeconds(offset));
        }

        DhcpTime.ToSeconds(DhcpTime.Epoch).ShouldBe(0u);
        DhcpTime.LifetimeText(DhcpTime.Infinity).ShouldBe("infinity");
    }

    [Fact]
    [Trait("RFC", "5460 section 5.1")]
    public void Stream_cut_at_every_octet_yields_the_same_messages()
    {
        byte[][] messages = [Message(MessageType.LeaseQueryDone), [], Message(MessageType.LeaseQueryData, (OptionCode.ClientData, []))];
        var stream = messages.SelectMany(message =>
        {
            byte[] frame = [0, 0, .. message];
            TcpFraming.WriteSize(frame, message.Length);
            return frame;
        }).ToArray();
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            var (first, taken) = TakeAll(stream.AsSpan(0, cut));
            var (second, rest) = TakeAll(stream.AsSpan(taken));
            (taken + rest).ShouldBe(stream.Length);
            first.Concat(second).Select(Convert.ToHexString).ShouldBe(messages.Select(Convert.ToHexString));
        }
    }

    [Fact]
    public void Every_code_has_a_name()
    {
        Enum.GetValues<OptionCode>().Where(code => code != OptionCode.None && OptionRegistry.NameOf(code) == "UNKNOWN").ShouldBeEmpty();
        Enum.GetValues<MessageType>().Where(type => CodeNames.Of(type) == "UNKNOWN").ShouldBeEmpty();
        Enum.GetValues<QueryType>().Where(type => CodeNames.Of(type) == "UNKNOWN").ShouldBeEmpty();
        Enum.GetValues<OptionCode>().Where(code => code != OptionCode.None).Select(OptionRegistry.NameOf).ShouldBeUnique();
        OptionRegistry.NameOf((OptionCode)65535).ShouldBe("UNKNOWN");
    }

    private static (List<byte[]> Messages, int Taken) TakeAll(ReadOnlySpan<byte> received)
    {
        var messages = new List<byte[]>();
        var taken = 0;
        while (TcpFraming.TryTake(received[taken..], out var message, out var consumed))
        {
            messages.Add(message.ToArray());
            taken += consumed;
        }

        return (messages, taken);
    }
}
