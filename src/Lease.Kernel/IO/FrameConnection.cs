using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Lease.Kernel.IO;

/// <summary>
/// A TCP connection that carries messages with their size in front (RFC 5460 section 5.1). What happens on it is told to one actor, in order: <see cref="FrameReceived"/>,
/// <see cref="FramesWritten"/>, <see cref="TlsStarted"/>, <see cref="PeerFinished"/>, and <see cref="ConnectionClosed"/> exactly once, last.
/// No call blocks or throws; calls after the end do nothing.
/// </summary>
public interface IFrameConnection
{
    /// <summary>The other side.</summary>
    IPEndPoint Remote { get; }

    /// <summary>Whether TLS has been started.</summary>
    bool IsSecure { get; }

    /// <summary>What the other side has said of its end, also behind messages that nobody has read.</summary>
    PeerState Peer { get; }

    /// <summary>Reads one more message. Nothing is read before the first call, and never more than was asked for, so that the peer feels what it costs.</summary>
    void ReadMore();

    /// <summary>Writes whole frames, each with its size in front; one write at a time. The memory is the connection's until <see cref="FramesWritten"/> is told.</summary>
    void Write(ReadOnlyMemory<byte> frames);

    /// <summary>Starts TLS as the server, when no write is under way; a handshake that fails closes the connection.</summary>
    void StartTls();

    /// <summary>Closes after the write under way.</summary>
    /// <param name="reason">For the log.</param>
    void Close(string reason);

    /// <summary>Closes at once; what was not sent is lost.</summary>
    /// <param name="reason">For the log.</param>
    void Abort(string reason);
}

/// <summary>The other side of a connection.</summary>
public enum PeerState
{
    /// <summary>It may send more.</summary>
    Open,

    /// <summary>It sends nothing any more; it may still read.</summary>
    Finished,

    /// <summary>It reset the connection.</summary>
    Gone,
}

/// <summary>A whole message came in. Sender: the transport. Lost only with the connection.</summary>
/// <param name="Message">The message without its size; the receiver's own.</param>
public sealed record FrameReceived(byte[] Message);

/// <summary>The system took everything of the last <see cref="IFrameConnection.Write"/>.</summary>
public sealed record FramesWritten
{
    /// <summary>The only one there is.</summary>
    public static FramesWritten Instance { get; } = new();
}

/// <summary>The handshake of <see cref="IFrameConnection.StartTls"/> is done.</summary>
/// <param name="Certificate">The peer's certificate, verified; null when it gave none.</param>
public sealed record TlsStarted(X509Certificate2? Certificate);

/// <summary>The peer will send nothing any more; it may still read (a half-closed connection).</summary>
public sealed record PeerFinished
{
    /// <summary>The only one there is.</summary>
    public static PeerFinished Instance { get; } = new();
}

/// <summary>The connection is gone.</summary>
/// <param name="Reason">Why, in words for the log.</param>
public sealed record ConnectionClosed(string Reason);
