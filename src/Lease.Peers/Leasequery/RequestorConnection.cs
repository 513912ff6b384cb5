using System.Collections.Concurrent;
using System.Net;
using Lease.Protocol.Dhcp6;
using Lease.Transport.Tcp;

namespace Lease.Peers.Leasequery;

/// <summary>Handles one message of an answer; runs on the connection's reading loop, so it must not block.</summary>
/// <param name="answer">The message.</param>
/// <returns>False when the answer is complete.</returns>
public delegate bool AnswerHandler(LeasequeryAnswer answer);

/// <summary>
/// A TCP connection to a leasequery server (RFC 5460 section 5, RFC 7653 section 8). Queries run side by side, told apart by transaction-id.
/// </summary>
public sealed class RequestorConnection : IAsyncDisposable
{
    private readonly ConcurrentDictionary<uint, RunningRequest> running = [];
    private readonly CancellationTokenSource ended = new();
    private readonly SemaphoreSlim writing = new(1);
    private readonly FrameStream stream;
    private readonly byte[] requestor;
    private readonly TimeSpan timeout;
    private readonly TimeProvider time;
    private Task reading = Task.CompletedTask;
    private long lastActivity;
    private int lastTransaction;

    private RequestorConnection(FrameStream stream, byte[] requestor, TimeSpan timeout, TimeProvider time)
    {
        this.stream = stream;
        this.requestor = requestor;
        this.timeout = timeout;
        this.time = time;
    }

    /// <summary>Messages that nobody waited for, or that could not be read.</summary>
    public long Stray { get; private set; }

    /// <summary>Connects, and starts TLS when there are certificates.</summary>
    /// <param name="server">The server's address and TCP port.</param>
    /// <param name="requestor">The requestor's DUID.</param>
    /// <param name="timeout">How long nothing may come while a query runs: BULK_LQ_DATA_TIMEOUT, ACTIVE_LQ_RCV_TIMEOUT.</param>
    /// <param name="time">The clock.</param>
    /// <param name="certificates">For STARTTLS; null: none.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="IOException">It cannot be connected, or the server refused TLS; the message says why.</exception>
    public static async Task<RequestorConnection> ConnectAsync(
        IPEndPoint server, byte[] requestor, TimeSpan timeout, TimeProvider time, TlsCertificates? certificates = null, CancellationToken cancellation = default)
    {
        using var expired = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(expired.Token, cancellation);
        FrameStream? stream = null;
        try
        {
            stream = await FrameStream.ConnectAsync(server, either.Token);
            if (certificates is not null)
                await StartTlsAsync(stream, certificates, server.Address.ToString(), either.Token);
        }
        catch (Exception e)
        {
            if (stream is not null)
                await stream.DisposeAsync();
            if (e is OperationCanceledException && !cancellation.IsCancellationRequested)
                throw new IOException($"no connection to {server} within {timeout.TotalSeconds:0} s", e);
            throw;
        }

        var connection = new RequestorConnection(stream, requestor, timeout, time);
        connection.reading = Task.Run(connection.ReadAsync, CancellationToken.None);
        return connection;
    }

    /// <summary>Sends a query; <paramref name="handler"/> is called for each message of the answer until it says that it is complete.</summary>
    /// <param name="message">LEASEQUERY for bulk, ACTIVELEASEQUERY.</param>
    /// <param name="request">The query.</param>
    /// <param name="handler">Takes the answer.</param>
    /// <param name="ready">Awaited before more is read from the connection, so that a slow taker slows the server; null: never waits.</param>
    /// <param name="cancellation">Ends the waiting; the server is not told.</param>
    /// <exception cref="IOException">The connection ended, or nothing came for too long.</exception>
    public async Task QueryAsync(
        MessageType message, LeasequeryRequest request, AnswerHandler handler, Func<Task>? ready = null, CancellationToken cancellation = default)
    {
        var transactionId = (uint)Interlocked.Increment(ref lastTransaction) & 0xffffff;
        var state = new RunningRequest(handler, ready);
        Volatile.Write(ref lastActivity, time.GetTimestamp());
        running[transactionId] = state;
        try
        {
            ended.Token.ThrowIfCancellationRequested();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, cancellation);
            await SendAsync(request.Encode(message, transactionId, requestor), either.Token);
            await state.Done.Task.WaitAsync(cancellation);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException("the connection has ended", e);
        }
        finally
        {
            running.TryRemove(transactionId, out _);
        }
    }

    /// <summary>Says that no more queries will come; answers still do.</summary>
    public void FinishWriting() => stream.FinishWriting();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await reading;
        await stream.DisposeAsync();
        ended.Dispose();
        writing.Dispose();
    }

    // RFC 5460 section 7.1 and seed 001 section 8.2: a server that takes nothing is given up too.
    private async Task SendAsync(byte[] message, CancellationToken cancellation)
    {
        using var expired = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(expired.Token, cancellation);
        await writing.WaitAsync(either.Token);
        try
        {
            await stream.WriteAsync(message, either.Token);
        }
        finally
        {
            writing.Release();
        }
    }

    // RFC 7653: STARTTLS, REPLY without an error, handshake.
    private static async Task StartTlsAsync(FrameStream stream, TlsCertificates certificates, string host, CancellationToken cancellation)
    {
        await stream.WriteAsync(new byte[] { (byte)MessageType.StartTls, 0, 0, 1 }, cancellation);
        var status = StatusCode.Success;
        while (!TryTakeReply(stream, out status))
        {
            if (!await stream.FillAsync(cancellation))
                throw new IOException("the server closed the connection at STARTTLS");
        }

        if (status != StatusCode.Success)
            throw new LeasequeryException(status, "the server does not speak TLS with this host");
        await stream.StartTlsAsync(certificates, host, cancellation);
    }

    private static bool TryTakeReply(FrameStream stream, out StatusCode status)
    {
        status = StatusCode.UnspecFail;
        if (!stream.TryTake(out var octets))
            return false;
        if (Dhcp6Message.TryRead(octets, 0, out var message, out _) && message.Type == MessageType.Reply)
            status = new LeasequeryAnswer(message).Status;
        return true;
    }

    private async Task ReadAsync()
    {
        Exception reason = new IOException("the server closed the connection");
        try
        {
            do
            {
                HandleReceived();
                foreach (var request in running.Values)
                    await request.ReadyAsync();
            }
            while (await FillAsync());
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            reason = new IOException("the connection was closed");
        }
        catch (Exception e)
        {
            // Also what a handler threw: whoever waits is told, nobody waits for ever.
            reason = e;
        }

        await ended.CancelAsync();
        foreach (var request in running.Values)
            request.Done.TrySetException(reason);
    }

    private async ValueTask<bool> FillAsync()
    {
        Volatile.Write(ref lastActivity, time.GetTimestamp());
        while (true)
        {
            var left = timeout - time.GetElapsedTime(Volatile.Read(ref lastActivity));
            using var silence = new CancellationTokenSource(left > TimeSpan.Zero ? left : timeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, ended.Token);
            try
            {
                return await stream.FillAsync(either.Token);
            }
            catch (OperationCanceledException e) when (!ended.IsCancellationRequested)
            {
                // Without a query there is nothing to wait for; a query that was sent meanwhile has its own time.
                if (!running.IsEmpty && time.GetElapsedTime(Volatile.Read(ref lastActivity)) >= timeout)
                    throw new IOException($"nothing came for {timeout.TotalSeconds:0} s", e);
            }
        }
    }

    private void HandleReceived()
    {
        while (stream.TryTake(out var octets))
        {
            if (!Dhcp6Message.TryRead(octets, 0, out var message, out _)
                || !running.TryGetValue(message.TransactionId, out var request)
                || !IsAnswer(new LeasequeryAnswer(message)))
            {
                Stray++;
                continue;
            }

            if (!request.Handler(new LeasequeryAnswer(message)))
            {
                running.TryRemove(message.TransactionId, out _);
                request.Done.TrySetResult();
            }
        }
    }

    // RFC 5007 section 4.2.2 and RFC 5460 section 5.2: only LEASEQUERY-REPLY has SERVERID and CLIENTID.
    private bool IsAnswer(LeasequeryAnswer answer)
        => answer.Type is MessageType.LeaseQueryData or MessageType.LeaseQueryDone || answer.IsFor(answer.TransactionId, requestor);

    private sealed record RunningRequest(AnswerHandler Handler, Func<Task>? Ready)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task ReadyAsync() => Ready is null ? Task.CompletedTask : Ready();
    }
}
