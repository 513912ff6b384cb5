using System.CommandLine;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using System.Text;
using Lease.Host.Server;
using Lease.Peers.Relay;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Commands;

/// <summary><c>lease relay --interface IF --server ADDR</c>: a DHCPv6 relay agent until SIGTERM or SIGINT. SIGUSR1 prints the counters.</summary>
internal static class RelayCommand
{
    private const int Sigusr1 = 10;

    private static readonly Option<string[]> Interfaces = new("--interface") { Description = "an interface towards clients; may be repeated", Required = true };
    private static readonly Option<string[]> Servers = new("--server") { Description = "a server's or relay's address, or ff05::1:3%INTERFACE; may be repeated", Required = true };
    private static readonly Option<string[]> Servers4 = new("--dhcp4o6-server") { Description = "where DHCPV4-QUERYs go; default: as --server", DefaultValueFactory = static _ => [] };
    private static readonly Option<string?> InterfaceId = new("--interface-id") { Description = "INTERFACE_ID, text or 0x...; default: the interface's name" };
    private static readonly Option<string?> RemoteId = new("--remote-id") { Description = "REMOTE_ID as ENTERPRISE:TEXT or ENTERPRISE:0x..." };
    private static readonly Option<string?> SubscriberId = new("--subscriber-id") { Description = "SUBSCRIBER_ID, text or 0x..." };
    private static readonly Option<string?> RelayId = new("--relay-id") { Description = "RELAY_ID: a DUID in hexadecimal" };
    private static readonly Option<bool> NoLinkLayer = new("--no-client-linklayer-address") { Description = "do not tell servers the clients' link-layer addresses" };
    private static readonly Option<int> HopLimit = new("--hop-limit") { Description = "most relays in a row, 1 to 32", DefaultValueFactory = static _ => RelayChain.MaxHops };
    private static readonly Option<int> SourcePort = new("--source-port") { Description = "UDP port towards servers; not 547: they are told by RELAY_SOURCE_PORT", DefaultValueFactory = static _ => 547 };

    public static Command Create()
    {
        var command = new Command("relay", "a DHCPv6 relay agent")
        {
            Interfaces, Servers, Servers4, InterfaceId, RemoteId, SubscriberId, RelayId, NoLinkLayer, HopLimit, SourcePort,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (!TryReadServers(parsed.GetValue(Servers)!, out var servers, out var problem) || !TryReadServers(parsed.GetValue(Servers4)!, out var servers4, out problem)
            || !TryRead(parsed, out var options, out problem))
        {
            await Console.Error.WriteLineAsync(problem);
            return ExitCode.WrongUsage;
        }

        using var loggers = Logging.Create(LogLevel.Information, json: false);
        try
        {
            using var relay = RelayService.Start(options, servers, servers4, 547, TimeProvider.System, loggers.CreateLogger("Lease.Relay"));
            using var usr1 = PosixSignalRegistration.Create((PosixSignal)Sigusr1, context => Print(context, relay.Counters));
            loggers.CreateLogger("Lease.Relay").RelayReady(string.Join(", ", options.Interfaces.Select(static i => i.Name)), string.Join(", ", servers));
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Print(context: null, relay.Counters);
            return ExitCode.Done;
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync(OctetText.Escape(e.Message));
            return ExitCode.Failed;
        }
    }

    private static void Print(PosixSignalContext? context, RelayCounters counters)
    {
        if (context is not null)
            context.Cancel = true;
        foreach (var (name, value) in counters.NonZero())
            Console.Error.WriteLine($"counter {name} {value}");
    }

    private static bool TryReadServers(IEnumerable<string> texts, out List<IPEndPoint> servers, out string problem)
    {
        servers = [];
        problem = "";
        foreach (var text in texts)
        {
            var percent = text.IndexOf('%', StringComparison.Ordinal);
            var address = percent < 0 ? text : text[..percent];
            if (!ServerAddress.TryParse(address, percent < 0 ? null : text[(percent + 1)..], 547, out var server, out problem))
                return false;
            if (server.Address is { IsIPv6Multicast: true, ScopeId: 0 } or { IsIPv6LinkLocal: true, ScopeId: 0 })
            {
                problem = $"{text} needs its interface: {address}%INTERFACE";
                return false;
            }

            servers.Add(server);
        }

        return true;
    }

    private static bool TryRead(ParseResult parsed, out RelayOptions options, out string problem)
    {
        options = new RelayOptions { Interfaces = [] };
        var links = new List<RelayInterface>();
        foreach (var name in parsed.GetValue(Interfaces)!.Distinct(StringComparer.Ordinal))
        {
            if (NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(i => i.Name == name) is not { } link)
            {
                problem = $"there is no interface {name}";
                return false;
            }

            links.Add(new RelayInterface(name, link.GetIPProperties().GetIPv6Properties().Index, LinkAddressOf(link)));
        }

        problem = "";
        if (parsed.GetValue(HopLimit) is < 1 or > 32)
            problem = "--hop-limit must be from 1 to 32";
        else if (parsed.GetValue(SourcePort) is < 0 or > ushort.MaxValue)
            problem = "--source-port must be a UDP port, or 0 for any";
        else if (!TryReadRemoteId(parsed.GetValue(RemoteId), out var remoteId))
            problem = $"--remote-id {parsed.GetValue(RemoteId)} must be ENTERPRISE:TEXT or ENTERPRISE:0x...";
        else if (!TryReadOctets(parsed.GetValue(InterfaceId), out var interfaceId) || !TryReadOctets(parsed.GetValue(SubscriberId), out var subscriberId))
            problem = "--interface-id and --subscriber-id must be text, or 0x and hexadecimal";
        else if (!TryReadDuid(parsed.GetValue(RelayId), out var relayId))
            problem = $"--relay-id {parsed.GetValue(RelayId)} must be 1 to {Duid.MaxLength} octets in hexadecimal";
        else
        {
            options = new RelayOptions
            {
                Interfaces = links,
                InterfaceId = interfaceId,
                RemoteId = remoteId,
                SubscriberId = subscriberId,
                RelayId = relayId,
                ClientLinkLayerAddress = !parsed.GetValue(NoLinkLayer),
                HopLimit = (byte)parsed.GetValue(HopLimit),
                SourcePort = parsed.GetValue(SourcePort),
            };
        }

        return problem.Length == 0;
    }

    private static Ipv6Address LinkAddressOf(NetworkInterface link)
    {
        var address = link.GetIPProperties().UnicastAddresses.Select(static a => a.Address)
            .FirstOrDefault(static a => a is { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6, IsIPv6LinkLocal: false } && !IPAddress.IsLoopback(a));
        return address is null ? default : Ipv6Address.From(new IPAddress(address.GetAddressBytes()));
    }

    private static bool TryReadDuid(string? text, out byte[] duid)
    {
        duid = [];
        return text is null || (Duid.TryParse(text, out duid!) && duid.Length is > 0 and <= Duid.MaxLength);
    }

    private static bool TryReadOctets(string? text, out byte[] octets)
    {
        octets = [];
        if (string.IsNullOrEmpty(text))
            return true;
        if (text.StartsWith("0x", StringComparison.Ordinal))
            return Duid.TryParse(text, out octets!);
        octets = Encoding.UTF8.GetBytes(text);
        return true;
    }

    private static bool TryReadRemoteId(string? text, out byte[] remoteId)
    {
        remoteId = [];
        if (text is null)
            return true;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !uint.TryParse(text[..colon], out var enterprise) || !TryReadOctets(text[(colon + 1)..], out var id) || id.Length == 0)
            return false;
        remoteId = [(byte)(enterprise >> 24), (byte)(enterprise >> 16), (byte)(enterprise >> 8), (byte)enterprise, .. id];
        return true;
    }
}
