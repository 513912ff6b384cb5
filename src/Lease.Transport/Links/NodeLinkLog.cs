using Microsoft.Extensions.Logging;

namespace Lease.Transport.Links;

internal static partial class NodeLinkLog
{
    [LoggerMessage(4201, LogLevel.Information, "listening for other nodes on {Address} TCP port {Port}")]
    public static partial void ListeningForNodes(this ILogger logger, string address, int port);

    [LoggerMessage(4202, LogLevel.Information, "link {Direction} {Peer} is open")]
    public static partial void LinkOpen(this ILogger logger, string direction, string peer);

    [LoggerMessage(EventId = 4203, Message = "link {Direction} {Peer} closed: {Reason}")]
    public static partial void LinkClosed(this ILogger logger, LogLevel level, string direction, string peer, string reason);

    [LoggerMessage(EventId = 4204, Message = "no link {Direction} {Peer}: {Reason}")]
    public static partial void NoLink(this ILogger logger, LogLevel level, string direction, string peer, string reason);

    [LoggerMessage(4205, LogLevel.Warning, "accepting another node's connection on port {Port} failed: {Error}")]
    public static partial void AcceptFailed(this ILogger logger, int port, string error);
}
