using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Lease.Kernel.IO;
using AkkaTcp = Akka.IO.Tcp;

namespace Lease.Transport.Tcp;

/// <summary>
/// A connection of Akka.IO that carries messages with their size in front (RFC 5460 section 5.1). A message is read when the session asks for
/// it; what fails ends the connection with a reason. Owner: <see cref="FrameListener"/>; ends when Akka.IO's connection has ended.
/// </summary>
internal sealed partial class FrameConnection : UntypedActor, IWithTimers
{
    // Type and transaction-id.
    private const int LeastMessage = 4;

    private readonly FrameBuffer received = new();
    private readonly IActorRef connection;
    private readonly TcpContext context;
    private readonly ConnectionStream octets;
    private readonly FrameConnectionRef handle;
    private Stream stream;
    private IActorRef? session;
    private string? closeReason;
    private bool writing;

    /// <summary>Makes the actor of an accepted connection.</summary>
    public FrameConnection(IActorRef connection, IPEndPoint remote, Socket socket, TcpContext context)
    {
        this.connection = connection;
        this.context = context;
        handle = new FrameConnectionRef(Self, remote, socket);
        stream = octets = new ConnectionStream(connection, Self);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private TcpServerOptions Options => context.Options;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        session = context.Accept(handle);
        if (session is null)
        {
            context.Counters.CountRefused();
            Context.Stop(Self);
            return;
        }

        context.Counters.CountAccepted();
        Context.WatchWith(connection, ConnectionEnded.Instance);
        connection.Tell(new AkkaTcp.Register(Self, keepOpenOnPeerClosed: true, useResumeWriting: false));
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        connection.Tell(AkkaTcp.Abort.Instance);
        octets.Fail("the connection has ended");
        stream.Dispose();
        session?.Tell(new ConnectionClosed(closeReason ?? "the server stops"));
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message) => Serving(message);

    private void Serving(object message)
    {
        switch (message)
        {
            case ReadFrame:
                TakeOrRead();
                break;
            case OctetsRead read:
                OnRead(read.Count);
                break;
            case WriteFrames write:
                Write(write.Frames);
                break;
            case FramesTaken taken:
                OnTaken(taken.Octets);
                break;
            case BeginTls:
                StartTls();
                break;
            case FrameOverdue:
                Fail($"a message was not whole after {Options.FrameTimeout.TotalSeconds:0} s");
                break;
            case StreamFailed failed:
                Fail(failed.Reason);
                break;
            case AkkaTcp.ErrorClosed error:
                Fail($"{(writing ? "writing" : "reading")} failed: {error.Cause}");
                break;
            case Close close:
                OnClose(close.Reason);
                break;
            default:
                OnTransport(message);
                break;
        }
    }

    // What Akka.IO tells in each state.
    private void OnTransport(object message)
    {
        switch (message)
        {
            case AkkaTcp.Received data:
                octets.OnReceived(data.Data);
                break;
            case ConnectionStream.OctetsTaken:
                octets.OnTaken();
                break;
            case AkkaTcp.PeerClosed:
                octets.OnEnd();
                break;
            case Abort abort:
                End(abort.Reason);
                break;
            case ConnectionEnded:
                Context.Stop(Self);
                break;
            case AkkaTcp.ConnectionClosed:
                // ConnectionEnded comes too.
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    // A message that has begun must be whole in time, however its octets trickle in; between two there is no hurry.
    private void TakeOrRead()
    {
        if (received.Take() is { } frame)
        {
            Timers.Cancel(FrameOverdue.Instance);
            OnFrame(frame);
            return;
        }

        if (!received.IsEmpty && !Timers.IsTimerActive(FrameOverdue.Instance))
            Timers.StartSingleTimer(FrameOverdue.Instance, FrameOverdue.Instance, Options.FrameTimeout);
        _ = stream.ReadAsync(received.Free()).PipeTo(
            Self, success: static count => new OctetsRead(count), failure: static e => new StreamFailed($"reading failed: {e.Message}"));
    }

    private void Write(ReadOnlyMemory<byte> frames)
    {
        writing = true;
        _ = stream.WriteAsync(frames).AsTask().PipeTo(
            Self, success: () => new FramesTaken(frames.Length), failure: static e => new StreamFailed($"writing failed: {e.Message}"));
    }

    private void OnFrame(byte[] frame)
    {
        if (frame.Length < LeastMessage)
        {
            Fail($"reading failed: a message of {frame.Length} octets");
            return;
        }

        context.Counters.CountFrame();
        session.Tell(new FrameReceived(frame));
    }

    private void OnRead(int count)
    {
        received.Commit(count);
        if (count > 0)
            TakeOrRead();
        else if (received.IsEmpty)
            session.Tell(PeerFinished.Instance);
        else
            Fail("the peer closed in the middle of a message");
    }

    private void OnTaken(int count)
    {
        writing = false;
        context.Counters.CountSent(count);
        session.Tell(FramesWritten.Instance);
        if (closeReason is not null)
            Finish();
    }

    private void Fail(string reason)
    {
        context.Counters.CountFailed();
        End(reason);
    }

    /// <summary>Reads one more message; answered to the session.</summary>
    public sealed class ReadFrame
    {
        /// <summary>The only one there is.</summary>
        public static readonly ReadFrame Instance = new();
    }

    /// <summary>Writes whole frames; answered to the session.</summary>
    public sealed record WriteFrames(ReadOnlyMemory<byte> Frames);

    /// <summary>Starts TLS as the server; answered to the session.</summary>
    public sealed class BeginTls
    {
        /// <summary>The only one there is.</summary>
        public static readonly BeginTls Instance = new();
    }

    /// <summary>Closes after the write under way.</summary>
    public sealed record Close(string Reason);

    /// <summary>Closes at once: RST in the place of FIN, and what was not sent is lost.</summary>
    public sealed record Abort(string Reason);

    private sealed record OctetsRead(int Count);

    private sealed record FramesTaken(int Octets);

    private sealed record StreamFailed(string Reason);

    private sealed class FrameOverdue
    {
        public static readonly FrameOverdue Instance = new();
    }

    // Akka.IO's actor has stopped, and its socket is closed: it uses no memory of a write any more.
    private sealed class ConnectionEnded
    {
        public static readonly ConnectionEnded Instance = new();
    }
}
