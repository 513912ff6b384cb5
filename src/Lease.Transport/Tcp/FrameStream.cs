using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Lease.Protocol.Dhcp6;

namespace Lease.Transport.Tcp;

/// <summary>The requestor's end of a TCP connection with framed messages. One reader and one writer at a time.</summary>
public sealed class FrameStream : IAsyncDisposable
{
    // Large reads: an answer of a million messages comes in few.
    private const int BufferSize = 256 << 10;

    private readonly byte[] buffer = new byte[BufferSize];
    private readonly Socket socket;
    private Stream stream;
    private int start;
    private int end;
    private bool disposed;

    private FrameStream(Socket socket)
    {
        this.socket = socket;
        stream = new NetworkStream(socket, ownsSocket: false);
    }

    /// <summary>Whether TLS has been started.</summary>
    public bool IsSecure => stream is SslStream;

    /// <summary>Connects.</summary>
    /// <exception cref="IOException">It cannot be connected; the message says to where and why.</exception>
    public static async Task<FrameStream> ConnectAsync(IPEndPoint server, CancellationToken cancellation, IPAddress? from = null)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            if (from is not null)
                socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(server, cancellation);
            return new FrameStream(socket);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"cannot connect to {server}: {e.SocketErrorCode}", e);
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Takes the next message that has been received already; false when more must be read first.</summary>
    /// <param name="message">The message without its size; valid until the next call of <see cref="FillAsync"/>.</param>
    public bool TryTake(out ReadOnlySpan<byte> message)
    {
        var taken = TcpFraming.TryTake(buffer.AsSpan(start, end - start), out message, out var consumed);
        start += consumed;
        return taken;
    }

    /// <summary>Waits for more octets.</summary>
    /// <returns>False when the server will send nothing any more.</returns>
    /// <exception cref="IOException">The connection failed.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
        }

        try
        {
            var octets = await stream.ReadAsync(buffer.AsMemory(end), cancellation);
            end += octets;
            return octets > 0;
        }
        catch (ObjectDisposedException e)
        {
            throw new IOException("the connection was closed", e);
        }
    }

    /// <summary>Sends a message; its size goes in front.</summary>
    /// <exception cref="IOException">The connection failed.</exception>
    public async Task WriteAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        var frame = new byte[TcpFraming.HeaderSize + message.Length];
        TcpFraming.WriteSize(frame, message.Length);
        message.CopyTo(frame.AsMemory(TcpFraming.HeaderSize));
        try
        {
            await stream.WriteAsync(frame, cancellation);
        }
        catch (ObjectDisposedException e)
        {
            throw new IOException("the connection was closed", e);
        }
    }

    /// <summary>Says that nothing more will be sent; answers still come.</summary>
    public void FinishWriting() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Starts TLS, after the server's REPLY to STARTTLS.</summary>
    /// <exception cref="IOException">The handshake failed; the message says why.</exception>
    public async Task StartTlsAsync(TlsCertificates certificates, string host, CancellationToken cancellation)
    {
        string? reason = null;
        var secure = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await secure.AuthenticateAsClientAsync(certificates.ForClient(host, why => reason = why), cancellation);
            stream = secure;
        }
        catch (AuthenticationException e)
        {
            throw new IOException($"TLS failed: {reason ?? e.InnerException?.Message ?? e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (disposed)
            return;
        disposed = true;
        await stream.DisposeAsync();
        socket.Dispose();
    }
}
