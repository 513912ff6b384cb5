using Microsoft.Extensions.Logging;

namespace Lease.Actors.Cluster;

internal static partial class ClusterLog
{
    [LoggerMessage(6001, LogLevel.Information, "node {Node} serves {Served} of {Shards} shards; {Nodes} nodes are up")]
    public static partial void Claimed(this ILogger logger, string node, int served, int shards, int nodes);

    [LoggerMessage(6002, LogLevel.Warning, "the store cannot be reached, nothing is committed until it can: {Reason}")]
    public static partial void StoreUnreachable(this ILogger logger, string reason);

    [LoggerMessage(6003, LogLevel.Information, "the store can be reached again")]
    public static partial void StoreReachable(this ILogger logger);

    [LoggerMessage(6004, LogLevel.Error, "node {Node} has another configuration (shards, subnets, pools) than {Other}, which serves: {Node} serves nothing until they agree")]
    public static partial void Disagrees(this ILogger logger, string node, string other);

    [LoggerMessage(6005, LogLevel.Critical, "another process has joined as {Node}: this one serves nothing any more; give each node a name of its own (Lease.node.id)")]
    public static partial void Replaced(this ILogger logger, string node);

    [LoggerMessage(6006, LogLevel.Warning, "{Shards} shards could not be given up: {Reason}")]
    public static partial void NotReleased(this ILogger logger, int shards, string reason);

    [LoggerMessage(6007, LogLevel.Warning, "the cluster could not be left, the others see it in four seconds: {Reason}")]
    public static partial void NotLeft(this ILogger logger, string reason);

    [LoggerMessage(6008, LogLevel.Warning, "node {Node} was silent or cut off: {Shards} shards are another node's, or may be, and are dropped or claimed anew")]
    public static partial void Lost(this ILogger logger, string node, int shards);

    [LoggerMessage(6009, LogLevel.Warning, "this machine's clock is {Seconds} s ahead of the database's (less than zero: behind): leases go by the database's, the log by this machine's; set it")]
    public static partial void ClockDiffers(this ILogger logger, double seconds);

    [LoggerMessage(6010, LogLevel.Information, "this machine's clock agrees with the database's")]
    public static partial void ClockAgrees(this ILogger logger);

    [LoggerMessage(6011, LogLevel.Warning, "the database's clock is {Seconds} s behind the cluster's time: it was set back, or is another server's. The nodes go on without it until it has caught up; no lease ends early")]
    public static partial void StoreClockBehind(this ILogger logger, double seconds);

    [LoggerMessage(6012, LogLevel.Information, "the cluster's time is the database's again")]
    public static partial void StoreClockAgrees(this ILogger logger);
}
