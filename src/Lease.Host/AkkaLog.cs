using Akka.Actor;
using Akka.Event;
using Akka.Hosting.Logging;

namespace Lease.Host;

/// <summary>
/// Hands Akka.NET's log to the server's. Akka.IO says with a stack trace that it cannot listen, which <c>Lease.Transport</c> says with the
/// remedy; and it says hundreds of times a second that it cannot accept (no file descriptor is left, say), of which one a minute is enough.
/// Made by Akka.NET.
/// </summary>
internal sealed class AkkaLog : LoggerFactoryLogger
{
    private const string Listener = "Akka.IO.TcpListener";

    private static readonly TimeSpan AcceptInterval = TimeSpan.FromMinutes(1);

    private DateTime nextAccept;

    /// <inheritdoc/>
    protected override void Log(LogEvent log, ActorPath path)
    {
        if (log.LogClass?.FullName != Listener || IsNews(log))
            base.Log(log, path);
    }

    private bool IsNews(LogEvent log)
    {
        if (log.LogLevel() != LogLevel.WarningLevel)
            return !log.GetTemplate().StartsWith("Bind failed", StringComparison.Ordinal);
        if (log.Timestamp < nextAccept)
            return false;
        nextAccept = log.Timestamp + AcceptInterval;
        return true;
    }
}
