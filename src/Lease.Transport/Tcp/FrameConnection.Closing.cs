using System.Net.Security;
using Akka.Actor;
using AkkaTcp = Akka.IO.Tcp;

namespace Lease.Transport.Tcp;

/// <summary>How the connection ends.</summary>
internal sealed partial class FrameConnection
{
    // How long a peer that was told that all is said may take to say so too.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    private void OnClose(string reason)
    {
        if (closeReason is not null)
            return;
        closeReason = reason;
        if (!writing)
            Finish();
    }

    // FIN, then the peer's, so that the last message is not lost to a reset.
    private void Finish()
    {
        Become(Lingering);
        Timers.CancelAll();
        Timers.StartSingleTimer(LingerOver.Instance, LingerOver.Instance, Linger);
        if (handle.IsSecure)
            NotifyClose();
        else
            CloseHalf();
    }

    // Apart, because the first call loads TLS, which needs a file descriptor: in the clear a connection ends without.
    private void NotifyClose()
        => _ = ShutdownAsync((SslStream)stream)
            .PipeTo(Self, success: static () => CloseNotified.Instance, failure: static _ => CloseNotified.Instance);

    // An async method also keeps what SslStream throws at once.
    private static async Task ShutdownAsync(SslStream secure) => await secure.ShutdownAsync();

    private void CloseHalf()
    {
        connection.Tell(AkkaTcp.ConfirmedClose.Instance);
        connection.Tell(AkkaTcp.ResumeReading.Instance);
    }

    private void Lingering(object message)
    {
        switch (message)
        {
            case CloseNotified:
                CloseHalf();
                break;
            case AkkaTcp.Received:
                // Nothing is taken any more.
                connection.Tell(AkkaTcp.ResumeReading.Instance);
                break;
            case LingerOver:
                End(closeReason!);
                break;
            case ConnectionStream.OctetsTaken or Abort or ConnectionEnded:
                OnTransport(message);
                break;
            default:
                break;
        }
    }

    private void End(string reason)
    {
        closeReason = reason;
        Become(Ending);
        Timers.CancelAll();
        connection.Tell(AkkaTcp.Abort.Instance);
    }

    private void Ending(object message)
    {
        if (message is ConnectionEnded)
            OnTransport(message);
    }

    private sealed class CloseNotified
    {
        public static readonly CloseNotified Instance = new();
    }

    private sealed class LingerOver
    {
        public static readonly LingerOver Instance = new();
    }
}
