using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Lease.Peers.Dhcp6;
using Lease.Peers.Load;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Spectre.Console;

namespace Lease.Host.Commands;

/// <summary><c>lease load SERVER</c>: simulated clients at a given rate, and what the server made of them.</summary>
internal static class LoadCommand
{
    private static readonly Argument<string> Server = new("SERVER") { Description = "IPv6 address, [ADDRESS]:PORT, or \"multicast\" with --interface" };
    private static readonly Option<int> Clients = new("--clients") { Description = "clients that take turns", DefaultValueFactory = static _ => 10_000 };
    private static readonly Option<int> Rate = new("--rate") { Description = "exchanges begun a second", DefaultValueFactory = static _ => 1_000 };
    private static readonly Option<string> For = new("--for") { Description = "how long: 10s, 2m", DefaultValueFactory = static _ => "10s" };
    private static readonly Option<string> Ia = new("--ia") { Description = "what clients ask for: na, pd or both", DefaultValueFactory = static _ => "na" };
    private static readonly Option<bool> Rapid = new("--rapid") { Description = "with rapid commit" };
    private static readonly Option<double> Renew = new("--renew") { Description = "share (0..1) of turns of bound clients that are renewals" };
    private static readonly Option<bool> Dhcp4o6 = new("--dhcp4o6") { Description = "clients ask for IPv4 addresses, by DHCPv4 over DHCPv6" };
    private static readonly Option<bool> PortSets = new("--port-sets") { Description = "with --dhcp4o6: clients that can share an address, with tunnel source addresses" };
    private static readonly Option<string> Relayed = new("--relayed") { Description = "as a relay with this link-address" };
    private static readonly Option<string> Interface = new("--interface") { Description = "interface to send on" };
    private static readonly Option<int> Port = new("--local-port") { Description = "port to send from: 546 when the server answers clients only there" };
    private static readonly Option<int> Requestors = new("--requestors") { Description = "active leasequery requestors beside the clients" };
    private static readonly Option<int> Slow = new("--slow-requestors") { Description = "requestors that read once a second" };
    private static readonly Option<int> Silent = new("--silent-requestors") { Description = "requestors that never read" };
    private static readonly Option<int> TcpPort = new("--tcp-port") { Description = "TCP port of leasequery; 0: as the server's UDP port" };
    private static readonly Option<int> Seed = new("--seed") { Description = "which clients: runs with the same number have the same", DefaultValueFactory = static _ => 1 };
    private static readonly Option<bool> Json = new("--json") { Description = "print the result as a JSON object" };

    public static Command Create()
    {
        Ia.AcceptOnlyFromAmong("na", "pd", "both");
        var command = new Command("load", "load a server with simulated clients") { Server, Clients, Rate, For, Ia, Rapid, Renew, Dhcp4o6, PortSets, Relayed, Interface, Port, Requestors, Slow, Silent, TcpPort, Seed, Json };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (!TryReadOptions(parsed, out var options, out var problem))
        {
            await Console.Error.WriteLineAsync(problem);
            return ExitCode.WrongUsage;
        }

        var generator = new LoadGenerator(options, TimeProvider.System, Random.Shared);
        var requestors = MakeRequestors(parsed, options.Server);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            var following = requestors is null ? Task.CompletedTask : await requestors.StartAsync(generator.Beginnings, generator.Endings, stop.Token);
            var begun = Stopwatch.GetTimestamp();
            await ShowAsync(generator, options, cancellation);

            // The last exchanges may end later than the time; Ctrl-C ends it earlier.
            var lasted = Math.Min(options.Duration.TotalSeconds, Stopwatch.GetElapsedTime(begun).TotalSeconds);
            Print(generator.Progress, requestors, lasted, parsed.GetValue(Json));
            await stop.CancelAsync();
            await following;
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync(OctetText.Escape(e.Message));
            return ExitCode.Failed;
        }

        return generator.Progress.Completed > 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static RequestorLoad? MakeRequestors(ParseResult parsed, IPEndPoint server)
    {
        var options = new RequestorOptions
        {
            Server = new IPEndPoint(server.Address, parsed.GetValue(TcpPort) is > 0 and var port ? port : server.Port),
            Readers = parsed.GetValue(Requestors),
            Slow = parsed.GetValue(Slow),
            Silent = parsed.GetValue(Silent),
        };
        return options.Readers + options.Slow + options.Silent == 0 ? null : new RequestorLoad(options, TimeProvider.System);
    }

    private static bool TryReadOptions(ParseResult parsed, out LoadOptions options, out string problem)
    {
        options = new LoadOptions { Server = null! };
        if (!ServerAddress.TryParse(parsed.GetValue(Server)!, parsed.GetValue(Interface), 547, out var server, out problem))
            return false;
        if (!Durations.TryParse(parsed.GetValue(For)!, out var duration))
        {
            problem = $"--for {parsed.GetValue(For)} is no time: write 10s, 2m or 1h";
            return false;
        }

        IReadOnlyList<RelayHop> relays = [];
        if (parsed.GetValue(Relayed) is { } link)
        {
            if (!Ipv6Address.TryParse(link, out var address))
            {
                problem = $"--relayed {link} is no IPv6 address";
                return false;
            }

            // RFC 8357: the answer comes to the port that this is sent from.
            relays = [new RelayHop(address, default, [(OptionCode.RelaySourcePort, [0, 0])])];
        }

        if (parsed.GetValue(Clients) < 1 || parsed.GetValue(Rate) < 1 || parsed.GetValue(Renew) is < 0 or > 1)
        {
            problem = "--clients and --rate must be at least 1, --renew from 0 to 1";
            return false;
        }

        options = new LoadOptions
        {
            Server = server,
            Clients = parsed.GetValue(Clients),
            Rate = parsed.GetValue(Rate),
            Duration = duration,
            Associations = parsed.GetValue(Ia) switch
            {
                "pd" => [OptionCode.IaPd],
                "both" => [OptionCode.IaNa, OptionCode.IaPd],
                _ => [OptionCode.IaNa],
            },
            RapidCommit = parsed.GetValue(Rapid),
            RenewShare = parsed.GetValue(Renew),
            Relays = relays,
            Dhcp4o6 = parsed.GetValue(Dhcp4o6),
            PortSets = parsed.GetValue(PortSets),
            LocalPort = parsed.GetValue(Port),
            Seed = parsed.GetValue(Seed),
        };
        return true;
    }

    private static async Task ShowAsync(LoadGenerator generator, LoadOptions options, CancellationToken cancellation)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        var running = generator.RunAsync(cancellation);
        if (Console.IsErrorRedirected)
        {
            await running;
            return;
        }

        await console.Progress().StartAsync(async progress =>
        {
            var task = progress.AddTask("exchanges", maxValue: options.Rate * options.Duration.TotalSeconds);
            while (await Task.WhenAny(running, Task.Delay(200, CancellationToken.None)) != running)
            {
                task.Value = generator.Progress.Begun;
                task.Description = $"exchanges: {generator.Progress.Completed} done, {generator.Progress.Lost} lost";
            }

            task.Value = task.MaxValue;
        });
        await running;
    }

    private static void Print(LoadProgress progress, RequestorLoad? requestors, double seconds, bool json)
    {
        var result = new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["begun"] = progress.Begun,
            ["completed"] = progress.Completed,
            ["completed-per-second"] = Math.Round(progress.Completed / seconds, 1),
            ["refused"] = progress.Refused,
            ["lost"] = progress.Lost,
            ["lost-percent"] = progress.Begun == 0 ? 0 : Math.Round(100.0 * progress.Lost / progress.Begun, 3),
            ["latency-ms-50"] = Milliseconds(progress, 0.5),
            ["latency-ms-90"] = Milliseconds(progress, 0.9),
            ["latency-ms-99"] = Milliseconds(progress, 0.99),
            ["latency-ms-99.9"] = Milliseconds(progress, 0.999),
        };
        if (requestors is not null)
        {
            result["requestors"] = requestors.Connected;
            result["requestors-ended"] = requestors.Ended;
            result["updates"] = requestors.Updates;
            result["update-ms-50"] = Math.Round(requestors.Delay(0.5).TotalMilliseconds, 3);
            result["update-ms-99"] = Math.Round(requestors.Delay(0.99).TotalMilliseconds, 3);
            result["update-after-reply-ms-50"] = Math.Round(requestors.DelayAfterReply(0.5).TotalMilliseconds, 3);
            result["update-after-reply-ms-99"] = Math.Round(requestors.DelayAfterReply(0.99).TotalMilliseconds, 3);
            result["update-ms-99.9"] = Math.Round(requestors.Delay(0.999).TotalMilliseconds, 3);
        }

        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(result));
            return;
        }

        foreach (var (name, value) in result)
            Console.WriteLine($"{name,-22} {value,14:0.###}");
    }

    private static double Milliseconds(LoadProgress progress, double share) => Math.Round(progress.Latency(share).TotalMilliseconds, 3);
}
