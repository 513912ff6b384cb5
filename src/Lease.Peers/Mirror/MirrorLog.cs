using Microsoft.Extensions.Logging;

namespace Lease.Peers.Mirror;

internal static partial class MirrorLog
{
    [LoggerMessage(6001, LogLevel.Information, "{Server}: a whole copy, {Clients} clients; {Gone} leases are gone")]
    public static partial void Copied(this ILogger logger, string server, long clients, int gone);

    [LoggerMessage(6002, LogLevel.Information, "{Server}: following changes since {Since}")]
    public static partial void Following(this ILogger logger, string server, string since);

    [LoggerMessage(6003, LogLevel.Information, "{Server}: the copy is current")]
    public static partial void Current(this ILogger logger, string server);

    [LoggerMessage(6004, LogLevel.Warning, "{Server}: {Reason}; trying again")]
    public static partial void Lost(this ILogger logger, string server, string reason);

    [LoggerMessage(6005, LogLevel.Warning, "{Server}: the server does not know any more what changed from {Since} to {Until}: fetching it by bulk")]
    public static partial void HoleFound(this ILogger logger, string server, DateTimeOffset? since, DateTimeOffset? until);
}
