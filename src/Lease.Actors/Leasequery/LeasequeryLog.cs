using System.Net;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Leasequery;

/// <summary>One line for each event of leasequery.</summary>
internal static partial class LeasequeryLog
{
    [LoggerMessage(7001, LogLevel.Warning, "leasequery from {Source} is not answered ({Count}): {Reason}")]
    public static partial void NotAnswered(this ILogger logger, IPAddress source, LeasequeryCount count, string reason);

    [LoggerMessage(7002, LogLevel.Error, "leasequery from {Source} failed: {Reason}")]
    public static partial void QueryFailed(this ILogger logger, string source, string reason);

    [LoggerMessage(7003, LogLevel.Information, "leasequery connection from {Source} open")]
    public static partial void ConnectionOpen(this ILogger logger, string source);

    [LoggerMessage(7004, LogLevel.Information, "leasequery connection from {Source} closed: {Reason}; {Bindings} clients sent")]
    public static partial void ConnectionClosed(this ILogger logger, string source, string reason, long bindings);

    [LoggerMessage(7005, LogLevel.Information, "leasequery {Kind} begun for {Source} xid={TransactionId}: {Query}")]
    public static partial void QueryBegun(this ILogger logger, string kind, string source, uint transactionId, string query);

    [LoggerMessage(7006, LogLevel.Information, "leasequery {Kind} done for {Source} xid={TransactionId}: {Bindings} clients")]
    public static partial void QueryDone(this ILogger logger, string kind, string source, uint transactionId, long bindings);

    [LoggerMessage(7007, LogLevel.Information, "leasequery refused for {Source} xid={TransactionId}: {Status} {Reason}")]
    public static partial void QueryRefused(this ILogger logger, string source, uint transactionId, string status, string reason);

    [LoggerMessage(7008, LogLevel.Warning, "leasequery active for {Source} xid={TransactionId}: data is missing since {Since}")]
    public static partial void DataMissing(this ILogger logger, string source, uint transactionId, DateTimeOffset since);

    [LoggerMessage(7009, LogLevel.Information, "leasequery connection from {Source} speaks TLS, certificate {Certificate}")]
    public static partial void Secured(this ILogger logger, string source, string certificate);
}
