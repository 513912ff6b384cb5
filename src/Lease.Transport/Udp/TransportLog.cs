using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Udp;

internal static partial class TransportLog
{
    [LoggerMessage(4001, LogLevel.Information, "listening on {Address} port {Port}, interface {Interface}")]
    public static partial void Listening(this ILogger logger, string address, int port, string @interface);

    [LoggerMessage(4002, LogLevel.Debug, "sending to {Address} port {Port} on {Interface} failed: {Error}")]
    public static partial void SendFailed(this ILogger logger, string address, int port, string @interface, SocketError error);

    [LoggerMessage(4004, LogLevel.Information, "interface {Interface} has no link-local IPv6 address yet: waiting for it")]
    public static partial void WaitingForAddress(this ILogger logger, string @interface);

    [LoggerMessage(4003, LogLevel.Warning, "receiving on {Interface} failed: {Error}")]
    public static partial void ReceiveFailed(this ILogger logger, string @interface, SocketError error);

    [LoggerMessage(4005, LogLevel.Information, "datagrams leave {Interface} one by one: the system does not take several at once (error {Error})")]
    public static partial void SegmentsRefused(this ILogger logger, string @interface, int error);
}
