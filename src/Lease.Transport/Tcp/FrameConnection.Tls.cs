using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Lease.Kernel.IO;
using AkkaTcp = Akka.IO.Tcp;

namespace Lease.Transport.Tcp;

/// <summary>STARTTLS (RFC 7653 section 9.1): an SslStream over the connection's octets.</summary>
internal sealed partial class FrameConnection
{
    private void StartTls()
    {
        if (Options.Certificates is not { } certificates || !received.IsEmpty || octets.HasRest)
        {
            RefuseTls(Options.Certificates is null ? "no certificates are configured" : "data came in front of the handshake");
            return;
        }

        Become(StartingTls);
        Timers.StartSingleTimer(FrameOverdue.Instance, FrameOverdue.Instance, Options.FrameTimeout);
        var secure = new SslStream(octets, leaveInnerStreamOpen: false);
        stream = secure;
        _ = AuthenticateAsync(secure, certificates).PipeTo(Self);
    }

    private static async Task<object> AuthenticateAsync(SslStream secure, TlsCertificates certificates)
    {
        string? reason = null;
        try
        {
            await secure.AuthenticateAsServerAsync(certificates.ForServer(why => reason = why));
            return TlsAgreed.Instance;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            return new TlsRefused(reason ?? e.InnerException?.Message ?? e.Message);
        }
    }

    private void StartingTls(object message)
    {
        switch (message)
        {
            case TlsAgreed:
                OnTlsAgreed();
                break;
            case TlsRefused refused:
                RefuseTls(refused.Reason);
                break;
            case FrameOverdue:
                RefuseTls("the handshake took too long");
                break;
            case AkkaTcp.ErrorClosed error:
                RefuseTls(error.Cause ?? "the connection failed");
                break;
            case Close close:
                End(close.Reason);
                break;
            default:
                OnTransport(message);
                break;
        }
    }

    private void OnTlsAgreed()
    {
        Timers.Cancel(FrameOverdue.Instance);
        handle.IsSecure = true;
        Become(Serving);
        session.Tell(new TlsStarted(((SslStream)stream).RemoteCertificate as X509Certificate2));
    }

    private void RefuseTls(string reason)
    {
        context.Logger.TlsRefused(handle.Remote.ToString(), reason);
        Fail($"TLS refused: {reason}");
    }

    private sealed class TlsAgreed
    {
        public static readonly TlsAgreed Instance = new();
    }

    private sealed record TlsRefused(string Reason);
}
