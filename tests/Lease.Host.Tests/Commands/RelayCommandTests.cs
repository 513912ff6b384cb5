namespace Lease.Host.Tests.Commands;

/// <summary>What the relay is told wrongly is said before a socket is opened.</summary>
public sealed class RelayCommandTests
{
    [Theory]
    [InlineData("there is no interface nowhere0", "--interface", "nowhere0", "--server", "::1")]
    [InlineData("ff05::1:3 needs its interface: ff05::1:3%INTERFACE", "--interface", "lo", "--server", "ff05::1:3")]
    [InlineData("fe80::1 needs its interface: fe80::1%INTERFACE", "--interface", "lo", "--server", "::1", "--dhcp4o6-server", "fe80::1")]
    [InlineData("--hop-limit must be from 1 to 32", "--interface", "lo", "--server", "::1", "--hop-limit", "33")]
    [InlineData("--source-port must be a UDP port", "--interface", "lo", "--server", "::1", "--source-port", "65536")]
    [InlineData("--remote-id port-7 must be ENTERPRISE:TEXT", "--interface", "lo", "--server", "::1", "--remote-id", "port-7")]
    [InlineData("--interface-id and --subscriber-id must be text, or 0x", "--interface", "lo", "--server", "::1", "--interface-id", "0x1")]
    [InlineData("--relay-id 00:zz must be 1 to 130 octets", "--interface", "lo", "--server", "::1", "--relay-id", "00:zz")]
    [InlineData("--server", "--interface", "lo")]
    public async Task Wrong_usage_ends_with_2_and_says_what_is_allowed(string problem, params string[] arguments)
    {
        var (code, _, errors) = await LeaseCommand.RunAsync(["relay", .. arguments]);
        errors.ShouldContain(problem);
        code.ShouldBe(2);
    }
}
