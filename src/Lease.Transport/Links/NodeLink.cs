using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Lease.Kernel.IO;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Links;

/// <summary>What all links of a node share.</summary>
internal sealed record LinkContext(LinkIdentity Self, TlsCertificates Certificates, INodeLinkHandler Handler, NodeLinkCounters Counters, TimeProvider Time, ILogger Logger);

/// <summary>
/// One connection with another node, from the handshakes to its end; it is never opened again. One loop reads, one writes. Whatever fails closes the socket, which ends both, with the
/// reason that came first.
/// </summary>
internal abstract class NodeLink(LinkContext context)
{
    // Well below what the system's buffer holds: each such piece must be taken in time.
    private const int MaxWrite = 64 << 10;

    // Most reads bring several frames; what is left of the last one is moved to the front.
    private const int ReceiveBuffer = 2 * NodeFrame.MaxSize;

    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    private static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private Socket? socket;
    private string? reason;
    private LogLevel closedLevel;
    private volatile bool isOpen;
    private volatile bool isClosed;

    /// <summary>Completes when the link has ended and nobody is told of it any more; never fails.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Whether the link takes nothing more.</summary>
    public bool IsClosed => isClosed;

    /// <summary>By the context's clock, when <see cref="IsClosed"/>.</summary>
    public long ClosedAt { get; private set; }

    /// <summary>Why it was closed; null: it is not.</summary>
    public string? Reason
    {
        get
        {
            lock (gate)
                return reason;
        }
    }

    /// <summary>Who is at the other end, for the log.</summary>
    public abstract string Peer { get; }

    /// <summary><c>to</c> or <c>from</c>, for the log.</summary>
    protected abstract string Direction { get; }

    protected LinkContext Context { get; } = context;

    /// <summary>What is to be written; it takes frames also while the link is being opened.</summary>
    protected SendBuffer Pending { get; } = new();

    /// <summary>Opens the link and reads and writes until it ends, elsewhere.</summary>
    /// <param name="onEnded">Called when it has ended.</param>
    public void Start(Action<NodeLink> onEnded) => Completion = Task.Run(() => RunAsync(onEnded));

    /// <summary>Ends the link; what waits is lost. The first reason counts.</summary>
    /// <param name="why">For the log.</param>
    /// <param name="level">Whether somebody should look at it.</param>
    public void Close(string why, LogLevel level = LogLevel.Warning)
    {
        lock (gate)
        {
            if (reason is not null)
                return;
            reason = why;
            closedLevel = level;
            ClosedAt = Context.Time.GetTimestamp();
            isClosed = true;
        }

        Pending.End();
        socket?.Dispose();
    }

    /// <summary>Connects where that is needed, and does TLS's handshake.</summary>
    /// <exception cref="IOException">It failed; the message says why.</exception>
    protected abstract Task<SslStream> OpenAsync();

    /// <summary>Says who is here, and hears who is there.</summary>
    /// <exception cref="IOException">The other is refused, or gone; the message says why.</exception>
    protected abstract Task GreetAsync(SslStream secure);

    /// <summary>A frame of a known kind came in.</summary>
    /// <returns>False when it has something in it that only a newer version understands; it is passed over.</returns>
    /// <exception cref="MalformedFrameException">It cannot be.</exception>
    protected abstract bool OnFrame(Frame frame);

    /// <summary>The link did not come to be.</summary>
    protected abstract void OnNotOpened(string why, LogLevel level);

    /// <summary>Makes the socket the link's own, which closes it.</summary>
    /// <exception cref="IOException">The link has been closed meanwhile.</exception>
    protected void Adopt(Socket own)
    {
        lock (gate)
        {
            if (reason is null)
                socket = own;
        }

        if (socket is null)
        {
            own.Dispose();
            throw new IOException(Reason);
        }

        own.NoDelay = true;
        // A machine that was switched off says nothing. Idle links notice it by these, busy ones by the octets that it does not acknowledge.
        own.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
        own.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 10);
        own.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        own.SetRawSocketOption(TcpLevel, TcpUserTimeout, BitConverter.GetBytes((int)DrainTimeout.TotalMilliseconds));
    }

    /// <summary>Does TLS's handshake on a connected socket.</summary>
    /// <param name="connected">The link's socket.</param>
    /// <param name="authenticate">Given the stream, and who is to be told why a certificate is refused.</param>
    /// <exception cref="IOException">It failed; the message says why.</exception>
    protected static async Task<SslStream> SecureAsync(Socket connected, Func<SslStream, Action<string>, Task> authenticate)
    {
        string? refusal = null;
        var secure = new SslStream(new NetworkStream(connected, ownsSocket: false), leaveInnerStreamOpen: false);
        try
        {
            await authenticate(secure, why => refusal = why);
            return secure;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            await secure.DisposeAsync();
            throw new IOException($"TLS failed: {refusal ?? e.InnerException?.Message ?? e.Message}", e);
        }
    }

    private async Task RunAsync(Action<NodeLink> onEnded)
    {
        // One clock for everything that must be done in time: it runs while the link is opened, and while a piece is written.
        await using var overdue = Context.Time.CreateTimer(_ => OnOverdue(), state: null, OpenTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            await using var secure = await OpenAsync();
            await GreetAsync(secure);
            overdue.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            isOpen = true;
            Context.Counters.CountOpened();
            Context.Logger.LinkOpen(Direction, Peer);
            await Task.WhenAll(ReadAsync(secure), WriteAsync(secure, overdue));
        }
#pragma warning disable CA1031 // Whatever it was, the link has ended and the log says why: the next one may do better.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Close(e.Message);
        }

        if (isOpen)
            Context.Logger.LinkClosed(closedLevel, Direction, Peer, Reason!);
        else
            OnNotOpened(Reason!, closedLevel);
        onEnded(this);
    }

    private void OnOverdue()
    {
        if (isOpen)
            Context.Counters.CountStalled();
        Close(isOpen ? $"it took nothing for {DrainTimeout.TotalSeconds:0} s" : $"it was not open after {OpenTimeout.TotalSeconds:0} s");
    }

    private async Task ReadAsync(SslStream secure)
    {
        try
        {
            var buffer = new byte[ReceiveBuffer];
            var end = 0;
            int octets;
            while ((octets = await secure.ReadAsync(buffer.AsMemory(end))) > 0)
            {
                end += octets;
                var taken = TakeFramesTogether(buffer.AsSpan(0, end));
                buffer.AsSpan(taken, end - taken).CopyTo(buffer);
                end -= taken;
            }

            Close(end == 0 ? "the other node has closed it" : "the other node has closed it in the middle of a frame");
        }
        catch (MalformedFrameException e)
        {
            Context.Counters.CountMalformed();
            Close(e.Message);
        }
#pragma warning disable CA1031 // Also a defect of the handler ends the link and not the node.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Close($"reading failed: {e.InnerException?.Message ?? e.Message}");
        }
    }

    // The replies among them leave together.
    private int TakeFramesTogether(ReadOnlySpan<byte> received)
    {
        SendScope.Begin();
        try
        {
            return TakeFrames(received);
        }
        finally
        {
            SendScope.End();
        }
    }

    private int TakeFrames(ReadOnlySpan<byte> received)
    {
        var taken = 0;
        while (NodeFrame.TryTake(received[taken..], out var message, out var size))
        {
            var frame = NodeFrame.Read(message);
            if (frame.KindCase == Frame.KindOneofCase.None || !OnFrame(frame))
                Context.Counters.CountUnknown();
            taken += size;
        }

        return taken;
    }

    private async Task WriteAsync(SslStream secure, ITimer overdue)
    {
        try
        {
            while (await Pending.WaitAsync())
            {
                for (var rest = Pending.Take(); rest.Length > 0;)
                {
                    var piece = rest[..Math.Min(rest.Length, MaxWrite)];
                    overdue.Change(DrainTimeout, Timeout.InfiniteTimeSpan);
                    await secure.WriteAsync(piece);
                    overdue.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                    rest = rest[piece.Length..];
                }
            }
        }
#pragma warning disable CA1031 // If this loop ended without closing the link, the other would go on for ever.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Close($"writing failed: {e.InnerException?.Message ?? e.Message}");
        }
    }
}
