using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lease.Actors.Configuration;
using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>
/// A requestor's TCP connection (RFC 5460 section 6, RFC 7653 section 9): reads no more queries than it is ready to answer at once, answers them in turns, and stops where the requestor
/// does not read. Owner: the leasequery service; ends with the connection.
/// </summary>
internal sealed partial class LeasequeryConnection : UntypedActor
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
    private bool mayStartTls = true;
    private bool startsTls;
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

    private TimeProvider Time => Context.System.TimeProvider;

    private long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();

    private LeasequeryTcp Limits => service.Settings.Configuration.Tcp;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        busyAt = Time.GetTimestamp();
        service.Logger.ConnectionOpen(source);
        Context.Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, TickInterval);
        ReadMore();
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        output.Release();
        if (subscribed)
            service.Feed.Tell(new Unsubscribe(Self));
        connection.Abort("the server stopped");
        service.OnConnectionEnded(connection, Self);
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FramesWritten:
                output.OnWritten();
                busyAt = Time.GetTimestamp();
                if (startsTls)
                    connection.StartTls();
                else
                    Pump();
                break;
            case ChangeBatch batch:
                Take(batch);
                break;
            case FrameReceived frame:
                reading = false;
                busyAt = Time.GetTimestamp();
                OnFrame(frame.Message);
                break;
            case Continue:
                continues = false;
                Pump();
                break;
            case Settled settled:
                foreach (var query in queries)
                    (query as ActiveQuery)?.Settle(settled.Through);
                break;
            case Subscribed:
                subscribed = true;
                Pump();
                break;
            case Tick:
                OnTick();
                break;
            case TlsStarted tls:
                OnSecured(tls.Certificate);
                break;
            case PeerFinished:
                finished = true;
                OnPeerClosed();
                break;
            case TerminateQueries:
                Terminate(activeOnly: false, "the server stops");
                Send();
                Close("the server stops");
                break;
            case ConnectionClosed closed:
                service.Logger.ConnectionClosed(source, closed.Reason, clients + Sent());
                Context.Stop(Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void ReadMore()
    {
        if (reading || finished || closing is not null || startsTls || held is not null || queries.Count >= Limits.MaxQueries || output.Room <= 0)
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
        if (closing is not null)
            return;
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
        var active = false;
        foreach (var query in queries)
        {
            if (query is not ActiveQuery live)
                continue;
            active = true;
            live.KeepAlive(output, now, Limits.ActiveIdleTimeout);
        }

        var patience = active ? Limits.ActiveSendTimeout : Limits.DataTimeout;
        if (output.IsSending && Time.GetElapsedTime(writeBegan) > patience)
        {
            service.Counters.Add(LeasequeryCount.SendTimeouts);
            writeBegan = Time.GetTimestamp();
            connection.Abort($"nothing was read for {patience.TotalSeconds:0} s");
            return;
        }

        Send();
        RetryHeld();
        if (queries.Count == 0 && !output.IsSending && held is null && Time.GetElapsedTime(busyAt) > Limits.IdleTimeout)
            Close($"idle for {Limits.IdleTimeout.TotalSeconds:0} s");
    }

    private void OnSecured(X509Certificate2? certificate)
    {
        startsTls = false;
        service.Logger.Secured(source, certificate is null ? "none" : $"{certificate.Subject} sha256:{certificate.GetCertHashString(HashAlgorithmName.SHA256)}");
        if (requestor.Certificate is { } wanted && !IsShown(wanted, certificate))
        {
            service.Gate.Refuse(connection.Remote.Address, LeasequeryCount.NotAllowed, $"its certificate is not {wanted}");
            Close($"its certificate is not {wanted}");
            return;
        }

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
