using System.CommandLine;
using System.Runtime.InteropServices;
using Lease.Host.Configuration;
using Lease.Host.Server;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Commands;

/// <summary><c>lease serve</c>: runs a node until SIGTERM or SIGINT. SIGHUP rereads the configuration, SIGUSR1 prints the counters.</summary>
internal static class ServeCommand
{
    private const int Sigusr1 = 10;

    public static Command Create()
    {
        var config = new Option<string>("--config") { Description = "the configuration file", Required = true };
        var data = new Option<string>("--data") { Description = "the folder of the SQLite store", DefaultValueFactory = static _ => "/var/lib/lease" };
        var newStore = new Option<bool>("--new-store")
        {
            Description =
                "begin with an empty store in the place of one that is lost or damaged: its files are moved aside, its leases forgotten",
        };
        var level = new Option<LogLevel?>("--log-level") { Description = "Debug, Information, Warning, Error or None; default: the configuration's, else Information" };
        var json = new Option<bool>("--log-json") { Description = "log a JSON object a line" };
        var command = new Command("serve", "serve DHCPv6 clients") { config, data, newStore, level, json };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(config)!,
            new DataFolder(Path.GetFullPath(parsed.GetValue(data)!), parsed.GetValue(newStore)),
            parsed.GetValue(level),
            parsed.GetValue(json),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string file, DataFolder data, LogLevel? level, bool json, CancellationToken cancellation)
    {
        var result = ConfigurationFile.Read(file);
        using var loggers = Logging.Create(level ?? result.Configuration?.LogLevel ?? LogLevel.Information, json);
        var logger = loggers.CreateLogger("Lease.Server");
        Report(logger, result);
        if (result.Configuration is not { } configuration)
            return ExitCode.Failed;
        try
        {
            if (configuration.Node.Rehearses)
                await Rehearsal.RunAsync(TimeProvider.System, logger, cancellation);
            await using var server = await LeaseServer.StartAsync(configuration, data, TimeProvider.System, loggers, cancellation);
            var place = configuration.Storage.PostgresConnection is null ? data.Path : "PostgreSQL";
            await UntilStoppedAsync(server, file, () => logger.Ready(server.Port, place), logger, cancellation);
            PrintCounters(server);
            return server.Failed.IsCompleted ? ExitCode.Failed : ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            logger.Stopping();
            return ExitCode.Done;
        }
        catch (IOException e)
        {
            logger.ConfigurationError(e.Message);
            return ExitCode.Failed;
        }
    }

    private static async Task UntilStoppedAsync(LeaseServer server, string file, Action ready, ILogger logger, CancellationToken cancellation)
    {
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            _ = ReloadAsync(server, file, logger);
        });
        using var user1 = PosixSignalRegistration.Create((PosixSignal)Sigusr1, signal =>
        {
            signal.Cancel = true;
            PrintCounters(server);
        });
        ready();
        await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, cancellation), server.Failed);
        if (cancellation.IsCancellationRequested)
            logger.Stopping();
    }

    private static async Task ReloadAsync(LeaseServer server, string file, ILogger logger)
    {
        var result = ConfigurationFile.Read(file);
        Report(logger, result);
        try
        {
            if (result.Configuration is { } configuration)
            {
                await server.ReconfigureAsync(configuration);
                logger.Reconfigured(file);
                return;
            }
        }
        catch (IOException e)
        {
            logger.ConfigurationError(e.Message);
        }

        logger.ConfigurationRefused(file);
    }

    private static void Report(ILogger logger, ConfigurationResult result)
    {
        foreach (var problem in result.Problems)
        {
            if (problem.Severity == Severity.Error)
                logger.ConfigurationError(problem.ToString());
            else
                logger.ConfigurationWarning(problem.ToString());
        }
    }

    private static void PrintCounters(LeaseServer server)
    {
        foreach (var (name, value) in server.AllCounters())
            Console.Error.WriteLine($"counter {name} {value}");
    }
}
