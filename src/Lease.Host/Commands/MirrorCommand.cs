using System.CommandLine;
using Lease.Host.Server;
using Lease.Peers.Mirror;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Commands;

/// <summary><c>lease mirror SERVER... --database FILE</c>: a local copy of all bindings of one or several servers, until SIGTERM or SIGINT.</summary>
internal static class MirrorCommand
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(10);

    private static readonly Argument<string[]> Servers = new("SERVER") { Description = "IPv6 address, or [ADDRESS]:PORT", Arity = ArgumentArity.OneOrMore };
    private static readonly Option<string> Database = new("--database") { Description = "the SQLite file; made when it is not there", Required = true };
    private static readonly Option<bool> Ipv4 = new("--ipv4") { Description = "also the IPv4 leases of DHCPv4 over DHCPv6" };
    private static readonly Option<string?> Interface = new("--interface") { Description = "interface for link-local addresses" };
    private static readonly Option<string?> For = new("--for") { Description = "end after this time: 10s, 2m" };

    public static Command Create()
    {
        var command = new Command("mirror", "keep a copy of all bindings by bulk and active leasequery") { Servers, Database, Ipv4, Interface, For };
        TlsFiles.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var limit = Timeout.InfiniteTimeSpan;
        if (parsed.GetValue(For) is { } text && !Durations.TryParse(text, out limit))
        {
            await Console.Error.WriteLineAsync($"--for {text} is no time: write 10s, 2m or 1h");
            return ExitCode.WrongUsage;
        }

        using var loggers = Logging.Create(LogLevel.Information, json: false);
        var logger = loggers.CreateLogger("Lease.Mirror");
        try
        {
            using var database = new MirrorDatabase(parsed.GetValue(Database)!);
            var mirrors = new List<ServerMirror>();
            foreach (var server in parsed.GetValue(Servers)!)
            {
                if (!ServerAddress.TryParse(server, parsed.GetValue(Interface), 547, out var endpoint, out var problem))
                {
                    await Console.Error.WriteLineAsync(problem);
                    return ExitCode.WrongUsage;
                }

                var options = new MirrorOptions(endpoint, OwnDuid.Value) { Certificates = TlsFiles.Load(parsed, logger) };
                mirrors.Add(new ServerMirror(options, database, TimeProvider.System, logger));
                if (parsed.GetValue(Ipv4))
                    mirrors.Add(new ServerMirror(options with { Ipv4 = true }, database, TimeProvider.System, logger));
            }

            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (limit != Timeout.InfiniteTimeSpan)
                stop.CancelAfter(limit);
            var running = mirrors.Select(m => m.RunAsync(stop.Token)).ToList();
            running.Add(ReportAsync(mirrors, database, logger, stop.Token));
            await Task.WhenAll(running);
            return ExitCode.Done;
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync(OctetText.Escape(e.Message));
            return ExitCode.Failed;
        }
    }

    private static async Task ReportAsync(List<ServerMirror> mirrors, MirrorDatabase database, ILogger logger, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(ReportInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                Report(mirrors, database, logger);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private static void Report(List<ServerMirror> mirrors, MirrorDatabase database, ILogger logger)
    {
        try
        {
            var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            database.Prune(now);
            var through = mirrors.Min(static m => m.CoveredThrough);
            var behind = through == 0 ? "not all were reached yet" : $"all is known up to {Math.Max(0, now - through)} s ago";
            logger.MirrorReport(database.CountCurrent(now), mirrors.Count(static m => m.IsCurrent), mirrors.Count, behind);
        }
        catch (IOException e)
        {
            // Another program holds the file, or the disk is full: the mirrors say so too, and go on when it is better.
            logger.MirrorNotReported(e.Message);
        }
    }
}
