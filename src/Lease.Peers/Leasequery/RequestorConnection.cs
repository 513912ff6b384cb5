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
        var stream = await FrameStream.ConnectAsync(server, cancellation);
        try
        {
            if (certificates is not null)
                await StartTlsAsync(stream, certificates, server.Address.ToString(), cancellation);
        }
        catch
        {
            await stream.DisposeAsync();
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
    /// <param name="cancellation">Ends the waiting; the server is not told.</param>
    /// <exception cref="IOException">The connection ended, or nothing came for too long.</exception>
    public async Task QueryAsync(MessageType message, LeasequeryRequest request, AnswerHandler handler, CancellationToken cancellation = default)
    {
        var transactionId = (uint)Interlocked.Increment(ref lastTransaction) & 0xffffff;
        var state = new RunningRequest(handler);
        running[transactionId] = state;
        try
        {
            ended.Token.ThrowIfCancellationRequested();
            await writing.WaitAsync(cancellation);
            try
            {
                await stream.WriteAsync(request.Encode(message, transactionId, requestor), cancellation);
            }
            finally
            {
                writing.Release();
            }

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
            }
            while (await FillAsync());
        }
        catch (IOException e)
        {
            reason = e;
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            reason = new IOException("the connection was closed");
        }

        await ended.CancelAsync();
        foreach (var request in running.Values)
            request.Done.TrySetException(reason);
    }

    private async ValueTask<bool> FillAsync()
    {
        while (true)
        {
            using var silence = new CancellationTokenSource(timeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, ended.Token);
            try
            {
                return await stream.FillAsync(either.Token);
            }
            catch (OperationCanceledException e) when (!ended.IsCancellationRequested)
            {
                // Without a query there is nothing to wait for.
                if (!running.IsEmpty)
                    throw new IOException($"nothing came for {timeout.TotalSeconds:0} s", e);
            }
        }
    }

    private void HandleReceived()
    {
        while (stream.TryTake(out var octets))
        {
            if (!Dhcp6Message.TryRead(octets, 0, out var message, out _) || !running.TryGetValue(message.TransactionId, out var request))
            {
                Stray++;
                continue;
            }

            if (!request.Handler(new LeasequeryAnswer(message)))
                request.Done.TrySetResult();
        }
    }

    private sealed record RunningRequest(AnswerHandler Handler)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
