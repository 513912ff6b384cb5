using Microsoft.Extensions.Logging;

namespace Lease.Host.Server;

internal static partial class ServerLog
{
    [LoggerMessage(5001, LogLevel.Information, "server DUID {Duid}")]
    public static partial void ServerDuid(this ILogger logger, string duid);

    [LoggerMessage(5002, LogLevel.Warning, "waiting for the database: {Reason}")]
    public static partial void WaitingForStore(this ILogger logger, string reason);

    [LoggerMessage(5003, LogLevel.Information, "ready: serving DHCPv6 on port {Port}, data in {Directory}")]
    public static partial void Ready(this ILogger logger, int port, string directory);

    [LoggerMessage(5004, LogLevel.Information, "stopping, as it was told to")]
    public static partial void Stopping(this ILogger logger);

    [LoggerMessage(5005, LogLevel.Information, "configuration {File} reread")]
    public static partial void Reconfigured(this ILogger logger, string file);

    [LoggerMessage(5006, LogLevel.Error, "configuration {File} refused, the one before stays in force")]
    public static partial void ConfigurationRefused(this ILogger logger, string file);

    [LoggerMessage(5007, LogLevel.Error, "{Problem}")]
    public static partial void ConfigurationError(this ILogger logger, string problem);

    [LoggerMessage(5008, LogLevel.Warning, "{Problem}")]
    public static partial void ConfigurationWarning(this ILogger logger, string problem);

    [LoggerMessage(5009, LogLevel.Information, "{Leases} current leases; {Current} of {Servers} servers are followed, {Behind}")]
    public static partial void MirrorReport(this ILogger logger, long leases, int current, int servers, string behind);

    [LoggerMessage(5010, LogLevel.Warning, "the mirror cannot be counted: {Reason}")]
    public static partial void MirrorNotReported(this ILogger logger, string reason);

    [LoggerMessage(5011, LogLevel.Warning, "{Command} ended with {ExitCode}")]
    public static partial void CommandFailed(this ILogger logger, string command, int exitCode);

    [LoggerMessage(5012, LogLevel.Warning, "{Command} cannot be started: {Reason}")]
    public static partial void CommandNotStarted(this ILogger logger, string command, string reason);

    [LoggerMessage(5013, LogLevel.Information, "ready: relaying from {Interfaces} to {Servers}")]
    public static partial void RelayReady(this ILogger logger, string interfaces, string servers);

    [LoggerMessage(5014, LogLevel.Information, "rehearsed {Exchanges} exchanges with simulated clients on the loopback in {Milliseconds} ms")]
    public static partial void Rehearsed(this ILogger logger, long exchanges, long milliseconds);

    [LoggerMessage(5015, LogLevel.Information, "no rehearsal with simulated clients on the loopback, so the first clients may wait longer: {Reason}")]
    public static partial void NotRehearsed(this ILogger logger, string reason);

    [LoggerMessage(EventId = 5016, Message = "{Count} more in the last minute like: {Line}")]
    public static partial void MoreLines(this ILogger logger, LogLevel level, long count, string line);
}
