using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Lease.Actors.Configuration;
using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>
/// A requestor's TCP connection (RFC 5460 section 6, RFC 7653 section 9): reads no more queries than it is ready to answer at once, answers them in turns, and stops where the requestor
/// does not read. Owner: the leasequery service; ends with the connection.
/// </summary>
internal sealed partial class LeasequeryConnection : UntypedActor, IWithTimers
{
    // A turn that would write into less than this waits until the system has taken what there is.
    private const int LeastRoom = OutputBuffer.Size / 2;

    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    private readonly List<RunningQuery> queries = [];
    private readonly IFrameConnection connection;
    private readonly LeasequeryService service;
    private readonly OutputBuffer output;
    private readonly string source;
    private Requestor requestor;
    private byte[]? held;
    private bool reading;
    private bool finished;
    private bool peerClosed;
    private string? closing;
    private bool continues;
    private bool subscribed;
    private long writeBegan;
    private long busyAt;
    private long clients;

    /// <summary>Makes the actor of an accepted connection.</summary>
    public LeasequeryConnection(IFrameConnection connection, Requestor requestor, LeasequeryService service)
    {
        this.connection = connection;
        this.requestor = requestor;
        this.service = service;
        output = new OutputBuffer(connection);
        source = connection.Remote.ToString();
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private TimeProvider Time => service.Time;

    private long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();

    private LeasequeryTcp Limits => service.Settings.Configuration.Tcp;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        busyAt = Time.GetTimestamp();
        service.Logger.ConnectionOpen(source);
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, TickInterval);
        ReadMore();
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        output.Release();
        connection.Abort("the server stopped");
        service.OnConnectionEnded(connection, Self);
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message) => AwaitingQuery(message);

    // Nothing was asked yet: only the first message may be STARTTLS (RFC 7653 section 9.1).
    private void AwaitingQuery(object message)
    {
        if (message is FrameReceived frame)
            OnFirstFrame(Received(frame));
        else
            Streaming(message);
    }

    // The handshake begins when the REPLY in the clear has gone, and it reads from the connection itself.
    private void StartingTls(object message)
    {
        switch (message)
        {
            case FramesWritten:
                output.OnWritten();
                connection.StartTls();
                break;
            case TlsStarted tls:
                OnSecured(tls.Certificate);
                break;
            default:
                Streaming(message);
                break;
        }
    }

    private void Streaming(object message)
    {
        switch (message)
        {
            case FramesWritten:
                output.OnWritten();
                busyAt = Time.GetTimestamp();
                Pump();
                break;
            case ChangeBatch batch:
                Take(batch);
                break;
            case FrameReceived frame:
                OnFrame(Received(frame));
                break;
            case Continue:
                continues = false;
                Pump();
                break;
            case Settled settled:
                Settle(settled.Through);
                break;
            case Subscribed:
                subscribed = true;
                Pump();
                break;
            case Tick:
                OnTick();
                break;
            case PeerFinished:
                finished = true;
                OnPeerClosed();
                break;
            case TerminateQueries:
                Terminate(activeOnly: false, "the server stops");
                Close("the server stops");
                break;
            case ConnectionClosed closed:
                OnClosed(closed);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    // Everything has been said; what waits still goes out.
    private void Closing(object message)
    {
        switch (message)
        {
            case FramesWritten:
                output.OnWritten();
                CloseWhenSent();
                break;
            case Tick:
                if (!EndsStalled())
                    CloseWhenSent();
                break;
            case ConnectionClosed closed:
                OnClosed(closed);
                break;
            default:
                break;
        }
    }

    private byte[] Received(FrameReceived frame)
    {
        reading = false;
        busyAt = Time.GetTimestamp();
        return frame.Message;
    }

    private void ReadMore()
    {
        if (reading || finished || closing is not null || held is not null || queries.Count >= Limits.MaxQueries || output.Room <= 0)
            return;
        reading = true;
        connection.ReadMore();
    }

    // One page for each query, then the other connections have their turn.
    private void Pump()
    {
        // RFC 7653 section 9.4: outstanding queries are answered to their end, and an active one has none.
        if (peerClosed)
            Terminate(activeOnly: true, "the requestor closed the connection");
        var more = false;
        for (var i = queries.Count - 1; i >= 0 && closing is null && output.Room >= LeastRoom; i--)
        {
            // An active query begins when it can miss nothing.
            if (queries[i] is ActiveQuery && !subscribed)
                continue;
            var progress = FillOne(queries[i]);
            more |= progress == QueryProgress.More;
            if (progress == QueryProgress.Done)
                Finish(i);
        }

        if (closing is not null)
        {
            CloseWhenSent();
            return;
        }

        Send();
        if (more && !continues && output.Room >= LeastRoom)
        {
            continues = true;
            Self.Tell(Continue.Instance);
        }

        CloseWhenDone();
        ReadMore();
    }

    private QueryProgress FillOne(RunningQuery query)
    {
        try
        {
            return query.Fill(output, Now);
        }
        catch (IOException e)
        {
            service.Logger.QueryFailed(source, e.Message);
            query.Terminate(output, Now, StatusCode.UnspecFail, "the tables cannot be read");
            return QueryProgress.Done;
        }
    }

    private void Finish(int index)
    {
        var query = queries[index];
        queries.RemoveAt(index);
        clients += query.Clients;
        service.Logger.QueryDone(query.Kind, source, query.Reply.TransactionId, query.Clients);
    }

    private void Send()
    {
        if (output.TrySend())
            writeBegan = Time.GetTimestamp();
    }

    private void Take(ChangeBatch batch)
    {
        var now = Now;
        foreach (var query in queries)
            (query as ActiveQuery)?.Take(batch, output, now);
        Pump();
    }

    private void OnTick()
    {
        if (!peerClosed)
            LookAtPeer();
        var now = Now;
        foreach (var query in queries)
            (query as ActiveQuery)?.KeepAlive(output, now, Limits.ActiveIdleTimeout);
        if (EndsStalled())
            return;
        Send();
        RetryHeld();
        if (queries.Count == 0 && !output.IsSending && held is null && Time.GetElapsedTime(busyAt) > Limits.IdleTimeout)
            Close($"idle for {Limits.IdleTimeout.TotalSeconds:0} s");
    }

    private void Settle(long through)
    {
        foreach (var query in queries)
            (query as ActiveQuery)?.Settle(through);
    }

    // A requestor that takes nothing of what it was sent.
    private bool EndsStalled()
    {
        var patience = queries.Exists(static q => q is ActiveQuery) ? Limits.ActiveSendTimeout : Limits.DataTimeout;
        if (!output.IsSending || Time.GetElapsedTime(writeBegan) <= patience)
            return false;
        service.Counters.Add(LeasequeryCount.SendTimeouts);
        writeBegan = Time.GetTimestamp();
        connection.Abort($"nothing was read for {patience.TotalSeconds:0} s");
        return true;
    }

    private void OnSecured(X509Certificate2? certificate)
    {
        reading = false;
        service.Logger.Secured(source, certificate is null ? "none" : $"{certificate.Subject} sha256:{certificate.GetCertHashString(HashAlgorithmName.SHA256)}");
        if (requestor.Certificate is { } wanted && !IsShown(wanted, certificate))
        {
            service.Gate.Refuse(connection.Remote.Address, LeasequeryCount.NotAllowed, $"its certificate is not {wanted}");
            Close($"its certificate is not {wanted}");
            return;
        }

        Become(Streaming);
        ReadMore();
    }

    private static bool IsShown(string wanted, X509Certificate2? certificate)
    {
        if (certificate is null)
            return false;
        const string Fingerprint = "sha256:";
        return wanted.StartsWith(Fingerprint, StringComparison.OrdinalIgnoreCase)
            ? wanted.AsSpan(Fingerprint.Length).Equals(certificate.GetCertHashString(HashAlgorithmName.SHA256), StringComparison.OrdinalIgnoreCase)
            : string.Equals(wanted, certificate.Subject, StringComparison.Ordinal);
    }

    private long Sent()
    {
        var sent = 0L;
        foreach (var query in queries)
            sent += query.Clients;
        return sent;
    }

    private sealed class Continue
    {
        public static readonly Continue Instance = new();
    }

    private sealed class Tick
    {
        public static readonly Tick Instance = new();
    }
}
