using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Tcp;

/// <summary>
/// One TCP connection. A message is read when it is asked for, so there is one read, one write and no thread; what fails ends the connection with a reason.
/// </summary>
internal sealed class FrameConnection : IFrameConnection
{
    // Type and transaction-id.
    private const int LeastMessage = 4;
    private const int InitialBuffer = 512;

    // linux/in.h, linux/tcp.h: tcpi_state is the first octet of TCP_INFO.
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const byte StateClose = 7;
    private const byte StateCloseWait = 8;

    // How long a peer that was told that all is said may take to say so too.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource ended = new();
    private readonly Lock gate = new();
    private readonly Socket socket;
    private readonly TcpServerOptions options;
    private readonly TcpCounters counters;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Action<FrameConnection> onClosed;
    private Stream stream;
    private IActorRef? session;
    private byte[] received = new byte[InitialBuffer];
    private int receivedLength;
    private string? closeReason;
    private bool readWanted;
    private bool writing;
    private int closed;
    private int toldClosed;

    public FrameConnection(
        Socket socket, IPEndPoint remote, TcpServerOptions options, TcpCounters counters, TimeProvider time, ILogger logger, Action<FrameConnection> onClosed)
    {
        this.socket = socket;
        this.options = options;
        this.counters = counters;
        this.time = time;
        this.logger = logger;
        this.onClosed = onClosed;
        Remote = remote;
        stream = new NetworkStream(socket, ownsSocket: false);
    }

    public IPEndPoint Remote { get; }

    public bool IsSecure { get; private set; }

    public PeerState Peer
    {
        get
        {
            Span<byte> state = stackalloc byte[1];
            try
            {
                socket.GetRawSocketOption(TcpLevel, TcpInfo, state);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return PeerState.Gone;
            }

            return state[0] switch
            {
                StateClose => PeerState.Gone,
                StateCloseWait => PeerState.Finished,
                _ => PeerState.Open,
            };
        }
    }

    /// <summary>Tells <paramref name="receiver"/> from now on what happens. It may have asked for a message already.</summary>
    public void Begin(IActorRef receiver)
    {
        bool read;
        lock (gate)
        {
            session = receiver;
            read = readWanted;
        }

        if (Volatile.Read(ref closed) != 0)
            TellClosed(closeReason ?? "closed");
        else if (read)
            _ = ReadOneAsync();
    }

    public void ReadMore()
    {
        lock (gate)
        {
            readWanted = session is null;
            if (readWanted)
                return;
        }

        _ = ReadOneAsync();
    }

    public void Write(ReadOnlyMemory<byte> frames)
    {
        lock (gate)
            writing = true;
        _ = WriteAsync(frames);
    }

    public void StartTls() => _ = StartTlsAsync();

    public void Close(string reason)
    {
        lock (gate)
        {
            if (closeReason is not null)
                return;
            closeReason = reason;
            if (writing)
                return;
        }

        _ = FinishAsync(reason);
    }

    public void Abort(string reason)
    {
        if (Interlocked.Exchange(ref closed, 1) != 0)
            return;
        lock (gate)
            closeReason ??= reason;
        ended.Cancel();
        try
        {
            // RST instead of FIN: what the system still holds is not sent.
            socket.Close(timeout: 0);
        }
        catch (SocketException)
        {
            // It is gone all the same.
        }

        stream.Dispose();
        ended.Dispose();
        onClosed(this);
        TellClosed(reason);
    }

    private void TellClosed(string reason)
    {
        if (session is { } receiver && Interlocked.Exchange(ref toldClosed, 1) == 0)
            receiver.Tell(new ConnectionClosed(reason));
    }

    private async Task ReadOneAsync()
    {
        // A message that has begun must be whole in time, however its octets trickle in; between two there is no hurry.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
        using var timeout = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var expiry = timeout.Token.Register(deadline.Cancel);
        var begun = false;
        try
        {
            byte[]? frame;
            while ((frame = TakeFrame()) is null)
            {
                if (receivedLength > 0 && !begun)
                    timeout.CancelAfter(options.FrameTimeout);
                begun |= receivedLength > 0;
                var octets = await stream.ReadAsync(received.AsMemory(receivedLength), deadline.Token);
                if (octets > 0)
                {
                    receivedLength += octets;
                    continue;
                }

                if (receivedLength == 0)
                    session?.Tell(PeerFinished.Instance);
                else
                    Fail("the peer closed in the middle of a message");
                return;
            }

            counters.CountFrame();
            session?.Tell(new FrameReceived(frame));
        }
        catch (OperationCanceledException)
        {
            Fail($"a message was not whole after {options.FrameTimeout.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            Fail($"reading failed: {e.Message}");
        }
    }

    private byte[]? TakeFrame()
    {
        if (TcpFraming.TryTake(received.AsSpan(0, receivedLength), out var message, out var consumed))
        {
            var frame = message.ToArray();
            received.AsSpan(consumed, receivedLength - consumed).CopyTo(received);
            receivedLength -= consumed;
            if (receivedLength == 0 && received.Length > InitialBuffer)
                received = new byte[InitialBuffer];
            return frame.Length >= LeastMessage ? frame : throw new IOException($"a message of {frame.Length} octets");
        }

        if (receivedLength == received.Length)
            Array.Resize(ref received, Math.Min(received.Length * 4, TcpFraming.HeaderSize + TcpFraming.MaxMessage));
        return null;
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> frames)
    {
        try
        {
            await stream.WriteAsync(frames, ended.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Fail($"writing failed: {e.Message}");
            return;
        }

        counters.CountSent(frames.Length);
        string? closing;
        lock (gate)
        {
            writing = false;
            closing = closeReason;
        }

        session?.Tell(FramesWritten.Instance);
        if (closing is not null)
            await FinishAsync(closing);
    }

    // FIN, then the peer's, so that the last message is not lost to a reset.
    private async Task FinishAsync(string reason)
    {
        try
        {
            using var timeout = new CancellationTokenSource(Linger, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ended.Token);
            if (stream is SslStream secure)
                await secure.ShutdownAsync().WaitAsync(either.Token);
            socket.Shutdown(SocketShutdown.Send);
            var rest = new byte[InitialBuffer];
            while (await socket.ReceiveAsync(rest, either.Token) > 0)
            {
                // Nothing is taken any more.
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // The peer did not wait for the end.
        }

        Abort(reason);
    }

    private async Task StartTlsAsync()
    {
        string? reason = null;
        try
        {
            if (options.Certificates is not { } certificates || receivedLength > 0)
                throw new AuthenticationException(receivedLength > 0 ? "data came in front of the handshake" : "no certificates are configured");
            var secure = new SslStream(stream, leaveInnerStreamOpen: false);
            using var timeout = new CancellationTokenSource(options.FrameTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ended.Token);
            await secure.AuthenticateAsServerAsync(certificates.ForServer(why => reason = why), either.Token);
            stream = secure;
            IsSecure = true;
            session?.Tell(new TlsStarted(secure.RemoteCertificate as X509Certificate2));
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            reason ??= e is OperationCanceledException ? "the handshake took too long" : e.InnerException?.Message ?? e.Message;
            logger.TlsRefused(Remote.ToString(), reason);
            Fail($"TLS refused: {reason}");
        }
    }

    private void Fail(string reason)
    {
        if (Volatile.Read(ref closed) == 0)
            counters.CountFailed();
        Abort(reason);
    }
}
