using System.CommandLine;
using System.Globalization;
using System.Net;
using Lease.Peers.Dhcp4;
using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Host.Commands;

/// <summary><c>lease query udp|bulk|active SERVER BY VALUE</c>: asks a server who holds what, as an access router does.</summary>
internal static class QueryCommand
{
    private const int DefaultPort = 547;

    private static readonly TimeSpan DataTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ActiveTimeout = TimeSpan.FromSeconds(120);

    private static readonly Argument<string> Server = new("SERVER") { Description = "IPv6 address, or [ADDRESS]:PORT" };
    private static readonly Argument<string> By = new("BY") { Description = string.Join(", ", QueryValue.Kinds) };
    private static readonly Argument<string?> Value = new("VALUE") { Description = "what is looked for; none for all", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> Link = new("--link") { Description = "an address on the only link that counts" };
    private static readonly Option<string?> Start = new("--start") { Description = "only what changed at or after this time: 2026-11-21T08:00:00Z, or 10m for ten minutes ago" };
    private static readonly Option<string?> End = new("--end") { Description = "only what changed at or before this time" };
    private static readonly Option<string[]> Requested = new("--option") { Description = "an option to be told, by number or name", DefaultValueFactory = static _ => [] };
    private static readonly Option<bool> Ipv4 = new("--ipv4") { Description = "DHCPv4 leases, of DHCPv4 over DHCPv6" };
    private static readonly Option<string[]> Parameters = new("--parameter") { Description = "a DHCPv4 option to be told, by number or name; default: all", DefaultValueFactory = static _ => [] };
    private static readonly Option<string?> Interface = new("--interface") { Description = "interface for link-local addresses" };
    private static readonly Option<string> Dialect = new("--dialect") { Description = "numbers of query types: rfc or draft", DefaultValueFactory = static _ => "rfc" };
    private static readonly Option<int> ReplySize = new("--reply-size") { Description = "over UDP: the longest reply in octets; 0: not said" };
    private static readonly Option<bool> Json = new("--json") { Description = "one JSON object a line" };
    private static readonly Option<bool> Quiet = new("--quiet") { Description = "count only" };

    public static Command Create()
    {
        Dialect.AcceptOnlyFromAmong("rfc", "draft");
        By.AcceptOnlyFromAmong(QueryValue.Kinds);
        return new Command("query", "ask a server who holds which address (leasequery)")
        {
            Way("udp", "LEASEQUERY over UDP (RFC 5007)", AskUdpAsync),
            Way("bulk", "LEASEQUERY over TCP (RFC 5460)", AskBulkAsync),
            Way("active", "ACTIVELEASEQUERY: changes as they happen, until Ctrl-C (RFC 7653)", AskActiveAsync),
        };
    }

    private static Command Way(string name, string description, Func<ParseResult, IPEndPoint, LeasequeryRequest, QueryPrinter, CancellationToken, Task> ask)
    {
        var command = new Command(name, description)
        {
            Server, By, Value, Link, Ipv4, Start, End, Requested, Parameters, Interface, Dialect, ReplySize, Json, Quiet,
        };
        TlsFiles.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(parsed, ask, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        ParseResult parsed, Func<ParseResult, IPEndPoint, LeasequeryRequest, QueryPrinter, CancellationToken, Task> ask, CancellationToken cancellation)
    {
        if (!TryReadRequest(parsed, out var server, out var request, out var problem))
        {
            await Console.Error.WriteLineAsync(OctetText.Escape(problem));
            return ExitCode.WrongUsage;
        }

        var printer = new QueryPrinter(parsed.GetValue(Json), parsed.GetValue(Quiet));
        try
        {
            await ask(parsed, server, request, printer, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C: what has come is printed.
        }
        catch (IOException e)
        {
            problem = e.Message;
        }

        printer.End();
        if (problem.Length == 0)
            return ExitCode.Done;
        await Console.Error.WriteLineAsync(OctetText.Escape(problem));
        return ExitCode.Failed;
    }

    private static async Task AskUdpAsync(ParseResult parsed, IPEndPoint server, LeasequeryRequest request, QueryPrinter printer, CancellationToken cancellation)
    {
        if (request.Ipv4 is { } ipv4)
        {
            await using var peer = new Dhcp4Peer(server, TimeProvider.System, Random.Shared);
            var lease = await peer.QueryAsync(ipv4, cancellation) ?? throw new IOException($"no answer from {server} to DHCPLEASEQUERY: is this host named in Lease.leasequery.requestors there?");
            printer.Print(new ClientData([], [], lease.SinceLastTransaction ?? 0, []) { Ipv4 = lease });
            return;
        }

        using var requestor = new UdpRequestor(server, OwnDuid.Value, TimeProvider.System, Random.Shared);
        await foreach (var client in requestor.QueryAsync(request, cancellation))
            printer.Print(client);
    }

    private static async Task AskBulkAsync(ParseResult parsed, IPEndPoint server, LeasequeryRequest request, QueryPrinter printer, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(parsed, server, DataTimeout, cancellation);
        using var progress = printer.ShowProgress();
        await connection.BulkAsync(request, (client, _) => printer.Print(client), cancellation);
    }

    private static async Task AskActiveAsync(ParseResult parsed, IPEndPoint server, LeasequeryRequest request, QueryPrinter printer, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(parsed, server, ActiveTimeout, cancellation);
        if (parsed.GetValue(By) == "all" && request.Ipv4 is null)
            request = LeasequeryRequest.Everything with { Options = request.Options, StartTime = request.StartTime, EndTime = request.EndTime };
        await connection.ActiveAsync(request with { WithBaseTime = true }, printer.Print, cancellation);
    }

    private static async Task<RequestorConnection> ConnectAsync(ParseResult parsed, IPEndPoint server, TimeSpan timeout, CancellationToken cancellation)
        => await RequestorConnection.ConnectAsync(server, OwnDuid.Value, timeout, TimeProvider.System, TlsFiles.Load(parsed, NullLogger.Instance), cancellation);

    private static bool TryReadRequest(ParseResult parsed, out IPEndPoint server, out LeasequeryRequest request, out string problem)
    {
        request = LeasequeryRequest.Everything;
        if (!ServerAddress.TryParse(parsed.GetValue(Server)!, parsed.GetValue(Interface), DefaultPort, out server, out problem)
            || !QueryValue.TryRead(parsed.GetValue(By)!, parsed.GetValue(Value), parsed.GetValue(Ipv4), out request, out problem)
            || !QueryValue.TryReadParameters(parsed.GetValue(Parameters)!, out var parameters, out problem)
            || !QueryValue.TryReadOptions(parsed.GetValue(Requested)!, out var options, out problem)
            || !TryReadTime(parsed.GetValue(Start), "--start", out var start, out problem)
            || !TryReadTime(parsed.GetValue(End), "--end", out var end, out problem))
            return false;
        var link = request.Link;
        if (parsed.GetValue(Link) is { } text && !Ipv6Address.TryParse(text, out link))
        {
            problem = $"--link {text} is not an IPv6 address";
            return false;
        }

        if (request.Ipv4 is { } ipv4)
            request = LeasequeryRequest.ForIpv4(ipv4 with { Parameters = parameters });
        request = request with
        {
            Link = link,
            Options = options,
            StartTime = start,
            EndTime = end,
            ReplySize = parsed.GetValue(ReplySize),
            Numbers = parsed.GetValue(Dialect) == "draft" ? QueryNumbers.Draft : QueryNumbers.Rfc,
        };
        return true;
    }

    private static bool TryReadTime(string? text, string option, out DateTimeOffset? time, out string problem)
    {
        time = null;
        problem = "";
        if (text is null)
            return true;
        if (Durations.TryParse(text, out var ago))
            time = DateTimeOffset.UtcNow - ago;
        else if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment))
            time = moment;
        else
            problem = $"{option} {text} is no time: must be as 2026-11-21T08:00:00Z, or 10m for ten minutes ago";
        return problem.Length == 0;
    }
}
