using System.Net;
using static Lease.Protocol.Tests.Wire;

namespace Lease.Protocol.Tests;

public sealed class AddressTests
{
    [Fact]
    public void Address_reads_as_written_and_parses_as_formatted() => ForAll(Addresses, address =>
    {
        var octets = new byte[Ipv6Address.Size];
        address.Write(octets);
        Ipv6Address.Read(octets).ShouldBe(address);
        Ipv6Address.From(new IPAddress(octets)).ShouldBe(address);
        Ipv6Address.TryParse(address.ToString(), out var parsed).ShouldBeTrue();
        parsed.ShouldBe(address);
    });

    [Fact]
    public void Prefix_parses_as_formatted_and_contains_its_first_and_last_address() => ForAll(Prefixes, prefix =>
    {
        Ipv6Prefix.TryParse(prefix.ToString(), out var parsed).ShouldBeTrue();
        parsed.ShouldBe(prefix);
        prefix.Contains(prefix.First).ShouldBeTrue();
        prefix.Contains(prefix.Last).ShouldBeTrue();
        prefix.Contains(prefix).ShouldBeTrue();
        if (prefix.Last.Value != UInt128.MaxValue)
            prefix.Contains(new Ipv6Address(prefix.Last.Value + 1)).ShouldBeFalse();
    });

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("192.0.2.1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[2001:db8::1]")]
    [InlineData("[2001:db8::1]:547")]
    [InlineData("2001:db8::1/64")]
    [InlineData("2001:db8::1::")]
    [InlineData("2001:db8::12345")]
    public void Text_that_is_no_address_is_refused(string? text) => Ipv6Address.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("2001:db8::")]
    [InlineData("2001:db8::/129")]
    [InlineData("2001:db8::/-1")]
    [InlineData("2001:db8::/ 64")]
    [InlineData("/64")]
    [InlineData(null)]
    public void Text_that_is_no_prefix_is_refused(string? text) => Ipv6Prefix.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("fe80::1", true, false)]
    [InlineData("febf::1", true, false)]
    [InlineData("fec0::1", false, false)]
    [InlineData("ff02::1:2", false, true)]
    [InlineData("2001:db8::1", false, false)]
    public void Kind_of_an_address_is_known_by_its_first_bits(string text, bool linkLocal, bool multicast)
    {
        Ipv6Address.TryParse(text, out var address).ShouldBeTrue();
        (address.IsLinkLocal, address.IsMulticast).ShouldBe((linkLocal, multicast));
    }

    [Fact]
    public void Ipv4_address_parses_as_formatted() => ForAll(Numbers, value =>
    {
        var address = new Ipv4Address(value);
        Ipv4Address.TryParse(address.ToString(), out var parsed).ShouldBeTrue();
        parsed.ShouldBe(address);
        var octets = new byte[Ipv4Address.Size];
        address.Write(octets);
        Ipv4Address.Read(octets).ShouldBe(address);
        address.ToString().ShouldBe(new IPAddress(octets).ToString());
    });

    [Theory]
    [InlineData("192.0.2")]
    [InlineData("192.0.2.256")]
    [InlineData("192.0.2.01")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("192.0.2.1 ")]
    [InlineData("2130706433")]
    [InlineData(null)]
    public void Text_that_is_no_ipv4_address_is_refused(string? text) => Ipv4Address.TryParse(text, out _).ShouldBeFalse();
}
