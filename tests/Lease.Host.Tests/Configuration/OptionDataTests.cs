using Lease.Actors.Configuration;
using Lease.Host.Configuration;
using static Lease.Host.Tests.Configuration.Dhcp6Text;

namespace Lease.Host.Tests.Configuration;

/// <summary>What <c>option-def</c> and <c>option-data</c> allow; where Kea 2.2 refuses or accepts the same, the case was tried with it.</summary>
public sealed class OptionDataTests
{
    [Theory]
    [InlineData("0a0b", new byte[] { 0x0a, 0x0b })]
    [InlineData("0x0A0b", new byte[] { 0x0a, 0x0b })]
    [InlineData("0a:0b", new byte[] { 0x0a, 0x0b })]
    [InlineData("a:b", new byte[] { 0x0a, 0x0b })]
    [InlineData("0a 0b", new byte[] { 0x0a, 0x0b })]
    [InlineData("a0b", new byte[] { 0x0a, 0x0b })]
    [InlineData("'a: b'", new byte[] { 0x61, 0x3a, 0x20, 0x62 })]
    [InlineData("", new byte[0])]
    public void Octets_are_written_as_in_Kea(string data, byte[] octets)
        => Options($"{{\"code\": 5000, \"csv-format\": false, \"data\": \"{data}\"}}").Find(5000)!.Data.ShouldBe(octets);

    [Theory]
    [InlineData("0g")]
    [InlineData("0a:")]
    [InlineData("0a::0b")]
    [InlineData("0a  0b")]
    [InlineData("'0a")]
    public void What_is_not_hexadecimal_is_refused(string data)
        => Refused($"\"option-data\": [{{\"code\": 5000, \"csv-format\": false, \"data\": \"{data}\"}}]").Message.ShouldContain("is not hexadecimal");

    [Theory]
    [InlineData("dns-servers", "0102")]
    [InlineData("preference", "0102")]
    [InlineData("domain-search", "03616263")]
    [InlineData("bootfile-param", "000361")]
    [InlineData("rdnss-selection", "20010db8000000000000000000000001")]
    public void Octets_that_do_not_fit_the_option_are_refused(string name, string data)
        => Refused($"\"option-data\": [{{\"name\": \"{name}\", \"csv-format\": false, \"data\": \"{data}\"}}]").Message.ShouldContain($"has not the form of option {name}");

    [Theory]
    [InlineData("dns-servers", "20010db800000000000000000000000120010db8000000000000000000000002")]
    [InlineData("domain-search", "0361626300016100")]
    [InlineData("bootfile-param", "0001610000")]
    [InlineData("rdnss-selection", "20010db8000000000000000000000001010161000162 00")]
    [InlineData("s46-cont-mape", "005a0010")]
    public void Octets_that_fit_the_option_are_taken(string name, string data)
        => Options($"{{\"name\": \"{name}\", \"csv-format\": false, \"data\": \"{data.Replace(" ", "", StringComparison.Ordinal)}\"}}").Options.Length.ShouldBe(1);

    [Theory]
    [InlineData("boolean", "TRUE", new byte[] { 1 })]
    [InlineData("boolean", "0", new byte[] { 0 })]
    [InlineData("int8", "-128", new byte[] { 0x80 })]
    [InlineData("int16", "-2", new byte[] { 0xff, 0xfe })]
    [InlineData("uint32", "4294967295", new byte[] { 255, 255, 255, 255 })]
    [InlineData("uint8", "0xff", new byte[] { 255 })]
    [InlineData("ipv4-address", "192.0.2.1", new byte[] { 192, 0, 2, 1 })]
    [InlineData("ipv6-prefix", "2001:db8::1/36", new byte[] { 36, 0x20, 0x01, 0x0d, 0xb8, 0 })]
    [InlineData("psid", "3/2", new byte[] { 2, 0xc0, 0 })]
    [InlineData("psid", "0/0", new byte[] { 0, 0, 0 })]
    [InlineData("fqdn", "example.org.", new byte[] { 7, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 3, 0x6f, 0x72, 0x67, 0 })]
    [InlineData("tuple", "ab", new byte[] { 0, 2, 0x61, 0x62 })]
    [InlineData("binary", "0102", new byte[] { 1, 2 })]
    [InlineData("string", "a,b", new byte[] { 0x61, 0x2c, 0x62 })]
    [InlineData("empty", "", new byte[0])]
    public void Data_is_encoded_by_type(string type, string data, byte[] octets)
    {
        var option = new OptionType("x", 1000, StandardOptions.Dhcp6, type);
        OptionTypes.TryEncode(option, data, out var encoded, out _).ShouldBeTrue();
        encoded.ShouldBe(octets);
        OptionLayout.Fits(option, encoded).ShouldBeTrue();
    }

    [Theory]
    [InlineData("boolean", "yes")]
    [InlineData("int8", "-129")]
    [InlineData("uint8", "256")]
    [InlineData("uint8", "-1")]
    [InlineData("uint8", "1, 2")]
    [InlineData("uint8", "")]
    [InlineData("uint32", "0x100000000")]
    [InlineData("ipv4-address", "10.1")]
    [InlineData("ipv6-address", "fe80::1%eth0")]
    [InlineData("ipv6-prefix", "2001:db8::/129")]
    [InlineData("psid", "4/2")]
    [InlineData("psid", "0/17")]
    [InlineData("fqdn", "a..b")]
    [InlineData("string", "")]
    [InlineData("empty", "1")]
    public void Data_of_another_type_is_refused(string type, string data)
        => OptionTypes.TryEncode(new OptionType("x", 1000, StandardOptions.Dhcp6, type), data, out _, out _).ShouldBeFalse();

    [Theory]
    [InlineData("\"name\": \"x y\", \"code\": 230, \"type\": \"uint8\"", "is no name")]
    [InlineData("\"name\": \"x\", \"code\": 230, \"type\": \"uint8\", \"space\": \"-a\"", "is no name")]
    [InlineData("\"name\": \"x\", \"code\": 230, \"type\": \"uint64\"", "must be one of")]
    [InlineData("\"name\": \"x\", \"code\": 0, \"type\": \"uint8\"", "from 1 to 65535")]
    [InlineData("\"name\": \"x\", \"code\": 230", "needs name, code and type")]
    [InlineData("\"name\": \"dns-servers\", \"code\": 230, \"type\": \"uint8\"", "is defined already")]
    [InlineData("\"name\": \"x\", \"code\": 230, \"type\": \"string\", \"array\": true", "no array of string")]
    [InlineData("\"name\": \"x\", \"code\": 230, \"type\": \"uint8\", \"array\": true, \"encapsulate\": \"in\"", "no options can follow")]
    [InlineData("\"name\": \"x\", \"code\": 230, \"type\": \"record\"", "goes with type record")]
    [InlineData("\"name\": \"x\", \"code\": 230, \"type\": \"uint8\", \"record-types\": \"uint8, uint8\"", "goes with type record")]
    [InlineData("\"name\": \"x\", \"code\": 230, \"type\": \"record\", \"record-types\": \"uint8\"", "at least two")]
    [InlineData("\"name\": \"x\", \"code\": 230, \"type\": \"record\", \"record-types\": \"string, uint8\"", "must be the last field")]
    [InlineData("\"name\": \"x\", \"code\": 230, \"type\": \"record\", \"record-types\": \"uint8, record\"", "record is no type of a field")]
    [InlineData("\"name\": \"x\", \"code\": 230, \"type\": \"uint8\", \"encapsulate\": \"dhcp6\"", "would hold itself")]
    public void Wrong_definitions_are_refused(string definition, string message)
        => Refused($"\"option-def\": [{{{definition}}}]").Message.ShouldContain(message);

    [Fact]
    public void Spaces_that_would_hold_each_other_are_refused()
        => Refused("""
            "option-def": [
              {"name": "outer", "code": 230, "type": "empty", "encapsulate": "a"},
              {"name": "in-a", "space": "a", "code": 1, "type": "empty", "encapsulate": "b"},
              {"name": "in-b", "space": "b", "code": 1, "type": "empty", "encapsulate": "a"}],
            "option-data": [{"name": "outer"}, {"space": "a", "code": 1, "csv-format": false}]
            """).Path.ShouldBe("Dhcp6.option-def[2].encapsulate");

    [Fact]
    public void An_array_of_records_repeats_its_last_field()
        => Service("""
            "option-def": [{"name": "x", "code": 230, "type": "record", "record-types": "uint8, uint16", "array": true}],
            "option-data": [{"name": "x", "data": "1, 2, 3"}]
            """).Options.Find(230)!.Data.ShouldBe([1, 0, 2, 0, 3]);

    [Fact]
    public void Options_of_any_vendor_go_to_the_vendor_of_their_level()
    {
        var option = Service("""
            "option-def": [{"name": "limit", "code": 100, "space": "vendor-opts-space", "type": "uint16"}],
            "option-data": [{"name": "vendor-opts", "data": "4491"}, {"name": "limit", "space": "vendor-opts-space", "data": "7"}]
            """).Options.Options.ToArray().ShouldHaveSingleItem();
        (option.Vendor, option.Code).ShouldBe((4491u, (ushort)100));
        option.Data.ShouldBe([0, 7]);
    }

    [Fact]
    public void Options_of_any_vendor_need_a_vendor()
        => Refused("\"option-data\": [{\"space\": \"vendor-opts-space\", \"code\": 1, \"data\": \"01\"}]").Message.ShouldContain("enterprise number");

    [Theory]
    [InlineData("foo")]
    [InlineData("vendor-")]
    [InlineData("vendor-4294967296")]
    [InlineData("dhcp4")]
    public void Unknown_spaces_are_refused(string space)
        => Refused($"\"option-data\": [{{\"space\": \"{space}\", \"code\": 1, \"data\": \"01\"}}]").Path.ShouldBe("Dhcp6.option-data[0].space");

    [Fact]
    public void An_option_of_a_space_that_nothing_holds_at_its_level_is_a_warning()
    {
        var problem = Read("\"option-data\": [{\"space\": \"s46-cont-lw-options\", \"name\": \"s46-br\", \"data\": \"2001:db8::1\"}]").Problems.ShouldHaveSingleItem();
        problem.Severity.ShouldBe(Severity.Warning);
        problem.Message.ShouldContain("is not sent");
    }

    [Fact]
    public void An_option_that_is_never_sent_needs_no_data()
        => Options("{\"name\": \"dns-servers\", \"never-send\": true}").Find(23)!.NeverSend.ShouldBeTrue();

    [Theory]
    [InlineData("sol-max-rt")]
    [InlineData("solmax-rt")]
    public void Both_names_of_SOL_MAX_RT_are_known(string name)
        => Options($"{{\"name\": \"{name}\", \"code\": 82, \"data\": \"60\"}}").Find(82)!.Data.ShouldBe([0, 0, 0, 60]);

    private static OptionSet Options(string entry) => Service($"\"option-data\": [{entry}]").Options;
}
