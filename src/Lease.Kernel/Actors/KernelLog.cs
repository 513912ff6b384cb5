using Microsoft.Extensions.Logging;

namespace Lease.Kernel.Actors;

internal static partial class KernelLog
{
    [LoggerMessage(1001, LogLevel.Error, "actor {Path} failed, directive {Directive}")]
    public static partial void ActorFailed(this ILogger logger, string path, Directive directive, Exception exception);

    [LoggerMessage(1002, LogLevel.Critical, "dispatching {Path} failed")]
    public static partial void DispatchFailed(this ILogger logger, string path, Exception exception);

    [LoggerMessage(1003, LogLevel.Error, "actor {Path} failed while stopping")]
    public static partial void StopFailed(this ILogger logger, string path, Exception exception);

    [LoggerMessage(1004, LogLevel.Warning, "a commit found that shard {Shard} is not this node's any more: its actors stop")]
    public static partial void ShardLost(this ILogger logger, int shard);
}
