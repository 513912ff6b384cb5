using System.CommandLine;
using System.Net;
using Lease.Actors.Bindings;
using Lease.Host.Server;
using Lease.Kernel.Persistence;
using Lease.Peers.Load;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Lease.Host.Commands;

/// <summary><c>lease demo</c>: a node on the loopback with a store in a temporary folder, simulated clients over real UDP, and a live table of bindings.</summary>
internal static class DemoCommand
{
    private static readonly Option<string> For = new("--for") { Description = "how long: 10s, 2m; default: until Ctrl-C" };
    private static readonly Option<int> Rate = new("--rate") { Description = "exchanges a second", DefaultValueFactory = static _ => 200 };
    private static readonly Option<int> Clients = new("--clients") { Description = "simulated clients", DefaultValueFactory = static _ => 1_000 };

    public static Command Create()
    {
        var command = new Command("demo", "one node with simulated clients, on the loopback, nothing to configure") { For, Rate, Clients };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var duration = TimeSpan.FromDays(1);
        if ((parsed.GetValue(For) is { } text && !Durations.TryParse(text, out duration)) || parsed.GetValue(Rate) < 1 || parsed.GetValue(Clients) < 1)
        {
            await Console.Error.WriteLineAsync("--for must be a time such as 10s, --rate and --clients at least 1");
            return ExitCode.WrongUsage;
        }

        var directory = Directory.CreateTempSubdirectory("lease-demo-");
        try
        {
            using var loggers = Logging.Create(LogLevel.Warning, json: false);
            await using var server = await LoopbackNode.StartAsync(directory.FullName, TimeProvider.System, loggers, cancellation);
            Console.WriteLine($"serving DHCPv6 on [::1]:{server.Port}, data in {directory.FullName}");
            var generator = new LoadGenerator(
                new LoadOptions
                {
                    Server = new IPEndPoint(IPAddress.IPv6Loopback, server.Port),
                    Clients = parsed.GetValue(Clients),
                    Rate = parsed.GetValue(Rate),
                    Duration = duration,
                    Associations = [OptionCode.IaNa, OptionCode.IaPd],
                    RenewShare = 0.8,
                },
                TimeProvider.System,
                Random.Shared);
            await WatchAsync(server, generator, cancellation);
            return Sum(server, generator);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C before it served.
            return ExitCode.Done;
        }
        catch (IOException e)
        {
            await Console.Error.WriteLineAsync(OctetText.Escape(e.Message));
            return ExitCode.Failed;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task WatchAsync(LeaseServer server, LoadGenerator generator, CancellationToken cancellation)
    {
        var latest = new LatestChanges();
        var watcher = server.Watch(latest.Take);
        var running = generator.RunAsync(cancellation);
        if (Console.IsOutputRedirected)
        {
            await running;
        }
        else
        {
            await AnsiConsole.Live(latest.Table(generator.Progress)).StartAsync(async live =>
            {
                while (await Task.WhenAny(running, Task.Delay(250, CancellationToken.None)) != running)
                    live.UpdateTarget(latest.Table(generator.Progress));
                live.UpdateTarget(latest.Table(generator.Progress));
            });
        }

        watcher.Dispose();
        await running;
    }

    private static int Sum(LeaseServer server, LoadGenerator generator)
    {
        var progress = generator.Progress;
        Console.WriteLine(
            $"{progress.Completed} exchanges answered with leases, {progress.Refused} without, {progress.Lost} lost; "
            + $"half within {progress.Latency(0.5).TotalMilliseconds:0.0} ms, 99 % within {progress.Latency(0.99).TotalMilliseconds:0.0} ms; "
            + $"{server.Store.Counters.Committed} commits in {server.Store.Counters.Batches} batches");
        return progress.Completed > 0 || progress.Begun == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>The last changes as they were committed, newest first.</summary>
    private sealed class LatestChanges
    {
        private const int Rows = 15;

        private readonly LinkedList<(string Client, string Leases, string Until)> rows = new();
        private long total;

        public void Take(JournalCommitted committed)
        {
            lock (rows)
            {
                foreach (var write in committed.Writes)
                {
                    total++;
                    if (write.Row is { } row)
                        rows.AddFirst(RowOf(write, row));
                    if (rows.Count > Rows)
                        rows.RemoveLast();
                }
            }
        }

        public Table Table(LoadProgress progress)
        {
            var table = new Table().AddColumns("client", "leases", "until (UTC)");
            lock (rows)
            {
                table.Title = new TableTitle($"{total} changes committed; {progress.Completed} exchanges, {progress.Lost} lost");
                foreach (var (client, leases, until) in rows)
                    table.AddRow(client, leases, until);
            }

            return table;
        }

        private static (string Client, string Leases, string Until) RowOf(JournalWrite write, BindingRow row)
        {
            var binding = BindingCodec.Decode(write.Key, row.Payload.Span);
            var active = binding.Leases.Where(l => l.IsActiveAt(write.ChangedAt)).ToList();
            var leases = string.Join(' ', active.Select(static l => new Ipv6Prefix(new Ipv6Address(l.Key.Address), l.Key.Length).ToString()));
            var until = active.Count == 0 ? "-" : DateTimeOffset.FromUnixTimeMilliseconds(active.Min(static l => l.EndsAt)).ToString("HH:mm:ss");
            return (BindingKey.ClientTextOf(write.Key.Bytes), leases, until);
        }
    }
}
