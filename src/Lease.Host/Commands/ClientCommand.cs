using System.CommandLine;
using System.Net.NetworkInformation;
using Lease.Peers.Client;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Commands;

/// <summary><c>lease client --interface IF</c>: a DHCPv6 client, with DHCPv4 over DHCPv6. It applies nothing itself: a script does, or whoever reads its output.</summary>
internal static class ClientCommand
{
    private static readonly TimeSpan ReleasePatience = TimeSpan.FromSeconds(5);

    private static readonly Option<string> Interface = new("--interface") { Description = "the interface towards the servers", Required = true };
    private static readonly Option<bool> Dhcp4o6 = new("--dhcp4o6") { Description = "ask for IPv4 too, by DHCPv4 over DHCPv6, where the server's option 88 allows it" };
    private static readonly Option<bool> PortSets = new("--port-sets") { Description = "with --dhcp4o6: accept an IPv4 address shared by port sets" };
    private static readonly Option<string?> Tunnel = new("--tunnel-source") { Description = "with --dhcp4o6: the tunnel's IPv6 address; default: the leased one; \"none\": say none" };
    private static readonly Option<bool> Prefix = new("--prefix") { Description = "ask for a prefix (IA_PD)" };
    private static readonly Option<bool> NoAddress = new("--no-address") { Description = "do not ask for an address (IA_NA)" };
    private static readonly Option<bool> Rapid = new("--rapid") { Description = "with rapid commit" };
    private static readonly Option<string?> DuidText = new("--duid") { Description = "the client's DUID in hexadecimal; default: a DUID-LL of the interface" };
    private static readonly Option<uint> Iaid = new("--iaid") { Description = "number of its associations", DefaultValueFactory = static _ => 1 };
    private static readonly Option<string?> Script = new("--script") { Description = "a program that applies what was leased: see docs/client.md" };
    private static readonly Option<bool> Json = new("--json") { Description = "a JSON object a line for each event" };
    private static readonly Option<bool> Keep = new("--keep") { Description = "at the end keep the leases instead of giving them back" };
    private static readonly Option<int> ClientPort = new("--client-port") { Description = "UDP port of the client, for tests", DefaultValueFactory = static _ => 546 };
    private static readonly Option<int> ServerPort = new("--server-port") { Description = "UDP port of servers, for tests", DefaultValueFactory = static _ => 547 };

    public static Command Create()
    {
        var command = new Command("client", "get addresses, prefixes and (over DHCPv6) IPv4, as a customer's router does")
        {
            Interface, Dhcp4o6, PortSets, Tunnel, Prefix, NoAddress, Rapid, DuidText, Iaid, Script, Json, Keep, ClientPort, ServerPort,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (!TryRead(parsed, out var link, out var options, out var problem))
        {
            await Console.Error.WriteLineAsync(problem);
            return ExitCode.WrongUsage;
        }

        await using var events = new ClientEventWriter(link.Name, parsed.GetValue(Script), parsed.GetValue(Json));
        try
        {
            var index = link.GetIPProperties().GetIPv6Properties().Index;
            await using var socket = new ClientSocket(link.Name, index, parsed.GetValue(ClientPort), parsed.GetValue(ServerPort));
            var client = new HostClient(options, socket, events.Tell, TimeProvider.System, Random.Shared);
            await client.RunAsync(cancellation);
            if (!parsed.GetValue(Keep))
            {
                using var patience = new CancellationTokenSource(ReleasePatience);
                await client.ReleaseAsync(patience.Token);
            }

            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            // No server confirmed the release in time: the leases end by themselves.
            return ExitCode.Done;
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync(OctetText.Escape(e.Message));
            return ExitCode.Failed;
        }
    }

    private static bool TryRead(ParseResult parsed, out NetworkInterface link, out ClientOptions options, out string problem)
    {
        problem = "";
        var name = parsed.GetValue(Interface)!;
        options = new ClientOptions { Duid = [] };
        link = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(i => i.Name == name)!;
        if (link is null)
            problem = $"there is no interface {name}";
        else if (parsed.GetValue(NoAddress) && !parsed.GetValue(Prefix))
            problem = "--no-address leaves nothing to ask for: add --prefix";
        else if (!TryReadDuid(parsed.GetValue(DuidText), link, out var duid))
            problem = "--duid must be 1 to 130 octets in hexadecimal, such as 00:03:00:01:02:00:00:00:00:01";
        else if (!TryReadTunnel(parsed.GetValue(Tunnel), out var tunnel))
            problem = $"--tunnel-source {parsed.GetValue(Tunnel)} is neither an IPv6 address nor none";
        else
        {
            options = new ClientOptions
            {
                Duid = duid,
                Iaid = parsed.GetValue(Iaid),
                Address = !parsed.GetValue(NoAddress),
                Prefix = parsed.GetValue(Prefix),
                RapidCommit = parsed.GetValue(Rapid),
                Dhcp4o6 = parsed.GetValue(Dhcp4o6),
                PortSets = parsed.GetValue(PortSets),
                TunnelSource = tunnel,
                WithTunnel = parsed.GetValue(Tunnel) != "none",
            };
        }

        return problem.Length == 0;
    }

    private static bool TryReadTunnel(string? text, out Ipv6Address? tunnel)
    {
        tunnel = null;
        if (text is null or "none")
            return true;
        var isAddress = Ipv6Address.TryParse(text, out var address);
        tunnel = address;
        return isAddress;
    }

    private static bool TryReadDuid(string? text, NetworkInterface link, out byte[] duid)
    {
        duid = [];
        if (text is not null)
            return Duid.TryParse(text, out duid!) && duid.Length is > 0 and <= Duid.MaxLength;
        var hardware = link.GetPhysicalAddress().GetAddressBytes();
        duid = hardware.Length == 6 ? Duid.MakeLinkLayer(hardwareType: 1, hardware) : OwnDuid.Value;
        return true;
    }
}
