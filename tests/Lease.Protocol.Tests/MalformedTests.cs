using Lease.Protocol.Dhcp6;
using static Lease.Protocol.Tests.Wire;

namespace Lease.Protocol.Tests;

/// <summary>Each defect is found where it is, and named so that an operator can find it in a capture.</summary>
public sealed class MalformedTests
{
    private const string Address = "20010db8000000000000000000000001";
    private const string Lifetimes = "00000e1000001c20";

    // Options behind a header of four octets, and what is said of them.
    public static TheoryData<string, MalformedReason, string> Defects => new()
    {
        { "0001", MalformedReason.OptionHeaderTruncated, "message at offset 4: too few octets for an option (2 left)" },
        { "000e0000" + "000102", MalformedReason.OptionHeaderTruncated, "message at offset 8: too few octets for an option (3 left)" },
        { "00030190" + "0000", MalformedReason.LengthBeyondEnd, "option IA_NA (3) at offset 4: length 400 goes beyond the end (2 left)" },
        { "1267ffff", MalformedReason.LengthBeyondEnd, "option UNKNOWN (4711) at offset 4: length 65535 goes beyond the end (0 left)" },
        { "0003000b" + "0000000100000002000000", MalformedReason.OptionTooShort, "option IA_NA (3) at offset 4: length 11 is shorter than its fixed part" },
        { "00080001" + "00", MalformedReason.OptionTooShort, "option ELAPSED_TIME (8) at offset 4: length 1 is shorter than its fixed part" },
        { "00070002" + "0000", MalformedReason.OptionTooLong, "option PREFERENCE (7) at offset 4: length 2 is longer than its definition" },
        { "000e0001" + "00", MalformedReason.OptionTooLong, "option RAPID_COMMIT (14) at offset 4: length 1 is longer than its definition" },
        { "00590009" + "00000000000000" + "00" + "00", MalformedReason.OptionHeaderTruncated, "message at offset 16: too few octets for an option (1 left)" },
        { "005b0003" + "08" + "20" + "ff", MalformedReason.OptionTooLong, "option S46_DMR (91) at offset 4: length 3 is longer than its definition" },
        { "00060003" + "001700", MalformedReason.LengthNotMultiple, "option ORO (6) at offset 4: length 3 is not a multiple of its elements' length" },
        { "00170011" + Address + "00", MalformedReason.LengthNotMultiple, "option DNS_SERVERS (23) at offset 4: length 17 is not a multiple of its elements' length" },
        { "001a0019" + Lifetimes + "81" + Address, MalformedReason.BadPrefixLength, "option IAPREFIX (26) at offset 4: bad prefix length" },
        { "005b0001" + "81", MalformedReason.BadPrefixLength, "option S46_DMR (91) at offset 4: bad prefix length" },
        { "005b0001" + "08", MalformedReason.BadPrefixLength, "option S46_DMR (91) at offset 4: bad prefix length" },
        { "00590008" + "000021c0000200" + "00", MalformedReason.BadPrefixLength, "option S46_RULE (89) at offset 4: bad prefix length" },
        { "00010000", MalformedReason.BadDuidLength, "option CLIENTID (1) at offset 4: length 0 is not that of a DUID (1 to 130)" },
        { "000f0003" + "000261", MalformedReason.ElementBeyondEnd, "option USER_CLASS (15) at offset 4: an element goes beyond its end" },
        { "00100005" + "00000009" + "00", MalformedReason.ElementBeyondEnd, "option VENDOR_CLASS (16) at offset 4: an element goes beyond its end" },
        { "00110009" + "00000009" + "00010002" + "61", MalformedReason.ElementBeyondEnd, "option VENDOR_OPTS (17) at offset 4: an element goes beyond its end" },
        { "00380003" + "000100", MalformedReason.ElementBeyondEnd, "option NTP_SERVER (56) at offset 4: an element goes beyond its end" },
        { "00180002" + "c004", MalformedReason.BadDomainName, "option DOMAIN_LIST (24) at offset 4: bad domain name" },
        { "00180002" + "0261", MalformedReason.BadDomainName, "option DOMAIN_LIST (24) at offset 4: bad domain name" },
        { "0003001c" + "000000010000000000000000" + "0005000c" + Address[..24], MalformedReason.OptionTooShort, "option IAADDR (5) at offset 20: length 12 is shorter than its fixed part" },
    };

    [Theory]
    [MemberData(nameof(Defects))]
    public void Defect_is_named_with_its_option_and_place(string options, MalformedReason reason, string text)
    {
        var packet = Convert.FromHexString("01123456" + options);
        Dhcp6Message.TryRead(packet, 0, out _, out var defect).ShouldBeFalse();
        defect.Reason.ShouldBe(reason);
        defect.ToString().ShouldBe(text);
        PacketDump.Describe(packet).ShouldContain($"malformed: {text}");
    }

    [Fact]
    public void Every_reason_has_words_of_its_own()
    {
        var texts = Enum.GetValues<MalformedReason>().Select(reason => new Malformed(reason, OptionCode.IaNa, 0).ToString()).ToArray();
        texts.ShouldBeUnique();
        texts.Zip(Enum.GetNames<MalformedReason>()).ShouldAllBe(pair => !pair.First.EndsWith(pair.Second, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(130, true)]
    [InlineData(131, false)]
    [Trait("RFC", "8415 section 11.1")]
    public void Duid_has_1_to_130_octets(int length, bool accepted)
    {
        foreach (var code in new[] { OptionCode.ClientId, OptionCode.ServerId, OptionCode.RelayId })
            Dhcp6Message.TryRead(Message(MessageType.Solicit, (code, new byte[length])), 0, out _, out _).ShouldBe(accepted);
    }

    [Theory]
    [InlineData(OptionValidator.MaxDepth, true)]
    [InlineData(OptionValidator.MaxDepth + 1, false)]
    [InlineData(1000, false)]
    public void Options_nest_down_to_the_limit(int levels, bool accepted)
    {
        byte[] options = [];
        for (var level = 0; level < levels; level++)
        {
            var inner = options;
            options = Written((ref writer) => writer.Option(OptionCode.ClientData, inner));
        }

        var defect = OptionValidator.Validate(options, 0);
        defect.Reason.ShouldBe(accepted ? MalformedReason.None : MalformedReason.NestedTooDeep);
    }

    [Fact]
    public void Options_of_a_vendor_are_not_judged_by_the_layouts_of_dhcpv6()
    {
        // Code 1 with no octets would be a CLIENTID without a DUID.
        var packet = Convert.FromHexString("01123456" + "00110008" + "00000009" + "00010000");
        Dhcp6Message.TryRead(packet, 0, out var message, out var defect).ShouldBeTrue(defect.ToString());
        message.Options.Contains(OptionCode.ClientId).ShouldBeFalse();
    }

    [Fact]
    public void Unknown_options_are_kept_in_their_place()
    {
        var packet = Message(MessageType.Solicit, ((OptionCode)65535, [1]), (OptionCode.RapidCommit, []), ((OptionCode)255, []), ((OptionCode)256, [2, 3]));
        Dhcp6Message.TryRead(packet, 0, out var message, out _).ShouldBeTrue();
        var codes = new List<int>();
        foreach (var option in message.Options)
            codes.Add((int)option.Code);
        codes.ShouldBe([65535, 14, 255, 256]);
    }
}
