using Microsoft.Extensions.Logging;

namespace Lease.Storage.Sqlite;

internal static partial class StorageLog
{
    [LoggerMessage(2001, LogLevel.Error, "a batch of {Writes} writes was not stored, their clients get no answer: {Reason}")]
    public static partial void BatchFailed(this ILogger logger, int writes, string reason);

    [LoggerMessage(2002, LogLevel.Error, "the shards could not be read again after a failed batch: {Reason}")]
    public static partial void RereadFailed(this ILogger logger, string reason);

    [LoggerMessage(2003, LogLevel.Information, "{File}: {Report}")]
    public static partial void Opened(this ILogger logger, string file, string report);
}
