using Microsoft.Extensions.Logging;

namespace Lease.Transport.Tcp;

internal static partial class TcpLog
{
    [LoggerMessage(4101, LogLevel.Information, "listening on {Address} TCP port {Port}")]
    public static partial void ListeningTcp(this ILogger logger, string address, int port);

    [LoggerMessage(4102, LogLevel.Warning, "accepting a connection on port {Port} failed: {Error}")]
    public static partial void AcceptFailed(this ILogger logger, int port, string error);

    [LoggerMessage(4103, LogLevel.Warning, "TLS with {Source} refused: {Reason}")]
    public static partial void TlsRefused(this ILogger logger, string source, string reason);

    [LoggerMessage(4104, LogLevel.Information, "TLS certificates read: {Subject}, valid until {Until}, {Authorities} authorities")]
    public static partial void CertificatesRead(this ILogger logger, string subject, DateTime until, int authorities);

    [LoggerMessage(4105, LogLevel.Error, "TLS certificates cannot be read again, the old ones stay in use: {Reason}")]
    public static partial void CertificatesStay(this ILogger logger, string reason);
}
