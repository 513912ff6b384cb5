using System.Runtime.CompilerServices;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;
using static Lease.Protocol.Tests.Wire;

namespace Lease.Protocol.Tests;

/// <summary>docs/protocol.md: its samples are the methods at the end, and its table is whole.</summary>
public sealed class DocumentationTests
{
    [Fact]
    public void Samples_on_the_page_are_code_that_is_compiled_here()
    {
        var here = Lines(Source()).Select(line => line.Trim()).ToHashSet(StringComparer.Ordinal);
        var samples = SampleLines().ToArray();
        samples.Length.ShouldBeGreaterThan(10);
        samples.Where(line => !here.Contains(line)).ShouldBeEmpty();
    }

    [Fact]
    public void Samples_do_what_the_page_says()
    {
        Read(Golden.Packet("request-dhclient"), ServerDuid).ShouldBe(nameof(Validity.OtherServer));
        Read(Golden.Packet("relay-forw-dhcrelay"), ServerDuid).ShouldStartWith("1 relays, iaid=");
        Read(Golden.Packet("malformed-length-beyond-end"), ServerDuid).ShouldContain("goes beyond the end");
        Dhcp6Message.TryRead(Golden.Packet("solicit-dhclient"), 0, out var solicit, out _).ShouldBeTrue();
        Write(new byte[100], solicit, new Ipv6Address(1)).Length.ShouldBe(48);
        Write(new byte[47], solicit, new Ipv6Address(1)).Length.ShouldBe(0);
    }

    [Fact]
    public void Every_reason_to_refuse_a_packet_is_on_the_page()
    {
        var page = File.ReadAllText(Page());
        Enum.GetNames<MalformedReason>().Where(name => name != nameof(MalformedReason.None) && !page.Contains($"`{name}`", StringComparison.Ordinal)).ShouldBeEmpty();
        Enum.GetNames<Dhcp4Defect>().Where(name => name != nameof(Dhcp4Defect.None) && !page.Contains($"`{name}`", StringComparison.Ordinal)).ShouldBeEmpty();
        page.ShouldContain($"more than {OptionValidator.MaxDepth} levels");
        page.ShouldContain($"more than {RelayChain.MaxHops} relays");
        page.ShouldContain($"not 1 to {Duid.MaxLength} octets");
    }

    private static string Read(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> serverDuid)
    {
        if (!RelayChain.TryUnwrap(packet, out var chain, out var defect)
            || !Dhcp6Message.TryRead(chain.Message(packet), chain.MessageStart, out var message, out defect))
            return defect.ToString();
        var validity = MessageValidation.Check(message, serverDuid);
        if (validity != Validity.Valid)
            return validity.ToString();
        foreach (var option in message.Options)
        {
            if (IaOption.TryRead(option, out var ia))
                return $"{chain.Hops} relays, {ia.ToString()}";
        }

        return "nothing asked for";
    }

    private static ReadOnlySpan<byte> Write(Span<byte> buffer, in Dhcp6Message message, Ipv6Address address)
    {
        var writer = new Dhcp6Writer(buffer);
        writer.MessageHeader(MessageType.Reply, message.TransactionId);
        var mark = IaOption.Begin(ref writer, OptionCode.IaNa, iaid: 1, t1: 1800, t2: 2880);
        IaAddressOption.Write(ref writer, address, preferred: 3600, valid: 7200);
        writer.EndOption(mark);
        return writer.Overflowed ? default : writer.Written;
    }

    private static IEnumerable<string> SampleLines()
    {
        var inside = false;
        foreach (var line in Lines(Page()))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                inside = !inside;
            else if (inside)
                yield return line.Trim();
        }
    }

    private static string[] Lines(string path) => File.ReadAllLines(path);

    private static string Source([CallerFilePath] string source = "") => source;

    private static string Page() => Path.Combine(Path.GetDirectoryName(Source())!, "..", "..", "docs", "protocol.md");
}
