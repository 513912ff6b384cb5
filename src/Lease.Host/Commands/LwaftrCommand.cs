using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using Lease.Host.Server;
using Lease.Peers.Lwaftr;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Commands;

/// <summary><c>lease lwaftr SERVER</c>: the binding table of an lwAFTR, once or kept current.</summary>
internal static class LwaftrCommand
{
    // Changes that come together are written together.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(50);

    private static readonly Argument<string> Server = new("SERVER") { Description = "IPv6 address, or [ADDRESS]:PORT" };
    private static readonly Option<string> Format = new("--format") { Description = "csv, ietf-softwire or snabb", DefaultValueFactory = static _ => "csv" };
    private static readonly Option<bool> Watch = new("--watch") { Description = "keep it current, until Ctrl-C" };
    private static readonly Option<string?> Output = new("--output") { Description = "the file, replaced as a whole; default: standard output" };
    private static readonly Option<string?> Run = new("--command") { Description = "a shell command to run after each replacement of --output" };
    private static readonly Option<string?> Br = new("--br-address") { Description = "the lwAFTR's own tunnel address; snabb needs it" };
    private static readonly Option<string> Instance = new("--instance") { Description = "ietf-softwire: name of the binding instance", DefaultValueFactory = static _ => "lease" };
    private static readonly Option<string?> Interface = new("--interface") { Description = "interface for link-local addresses" };

    public static Command Create()
    {
        Format.AcceptOnlyFromAmong("csv", "ietf-softwire", "snabb");
        var command = new Command("lwaftr", "an lwAFTR's binding table by DHCP4o6 leasequery") { Server, Format, Watch, Output, Run, Br, Instance, Interface };
        TlsFiles.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (!TryRead(parsed, out var server, out var br, out var problem))
        {
            await Console.Error.WriteLineAsync(problem);
            return ExitCode.WrongUsage;
        }

        using var loggers = Logging.Create(LogLevel.Information, json: false);
        var logger = loggers.CreateLogger("Lease.Lwaftr");
        try
        {
            var follower = new SoftwireFollower(server, OwnDuid.Value, TlsFiles.Load(parsed, logger), TimeProvider.System, logger);
            if (parsed.GetValue(Watch))
            {
                await WatchAsync(parsed, follower, br, logger, cancellation);
            }
            else
            {
                await follower.ReadAsync(cancellation);
                await WriteAsync(parsed, follower, br, logger);
            }

            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Done;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(OctetText.Escape(e.Message));
            return ExitCode.Failed;
        }
    }

    private static bool TryRead(ParseResult parsed, out IPEndPoint server, out Ipv6Address? br, out string problem)
    {
        br = null;
        if (!ServerAddress.TryParse(parsed.GetValue(Server)!, parsed.GetValue(Interface), 547, out server, out problem))
            return false;
        if (parsed.GetValue(Br) is { } text)
        {
            if (Ipv6Address.TryParse(text, out var own))
                br = own;
            else
                problem = $"--br-address {text} is no IPv6 address";
        }
        else if (parsed.GetValue(Format) == "snabb")
        {
            problem = "--format snabb needs --br-address: each softwire names the lwAFTR's own address";
        }

        if (parsed.GetValue(Run) is not null && parsed.GetValue(Output) is null)
            problem = "--command needs --output: it is run when that file has been replaced";
        return problem.Length == 0;
    }

    private static async Task WatchAsync(ParseResult parsed, SoftwireFollower follower, Ipv6Address? br, ILogger logger, CancellationToken cancellation)
    {
        using var changes = new SemaphoreSlim(0, 1);
        var following = follower.FollowAsync(() => Signal(changes), cancellation);
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                await changes.WaitAsync(cancellation);
                await Task.Delay(Settle, cancellation);
                await WriteAsync(parsed, follower, br, logger);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }

        await following;
    }

    private static void Signal(SemaphoreSlim changes)
    {
        try
        {
            changes.Release();
        }
        catch (SemaphoreFullException)
        {
            // A change is signalled already.
        }
    }

    private static async Task WriteAsync(ParseResult parsed, SoftwireFollower follower, Ipv6Address? br, ILogger logger)
    {
        var table = follower.Snapshot();
        var text = parsed.GetValue(Format) switch
        {
            "snabb" => SoftwireFormats.Snabb(table, br ?? default),
            "ietf-softwire" => SoftwireFormats.IetfSoftwire(table, parsed.GetValue(Instance)!, br),
            _ => SoftwireFormats.Csv(table),
        };
        if (parsed.GetValue(Output) is not { } file)
        {
            await Console.Out.WriteAsync(text);
            await Console.Out.FlushAsync();
            return;
        }

        // Readers see the table before or after, never a part.
        var next = file + ".next";
        await File.WriteAllTextAsync(next, text);
        File.Move(next, file, overwrite: true);
        if (parsed.GetValue(Run) is { } command)
            await RunCommandAsync(command, file, logger);
    }

    private static async Task RunCommandAsync(string command, string file, ILogger logger)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { Environment = { ["LEASE_TABLE"] = Path.GetFullPath(file) } })!;
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
                logger.CommandFailed(command, process.ExitCode);
        }
        catch (Win32Exception e)
        {
            logger.CommandNotStarted(command, e.Message);
        }
    }
}
