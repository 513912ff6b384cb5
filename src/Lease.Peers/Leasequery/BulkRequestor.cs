using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Leasequery;

/// <summary>Bulk queries (RFC 5460) on a connection.</summary>
public static class BulkRequestor
{
    // Batches that wait for the taker; one holds what one read from the connection brought.
    private const int WaitingBatches = 4;

    /// <summary>
    /// Asks; the clients come as the server sends them. Who takes them slowly slows the server, and other queries on the connection with it. Breaking off stops the taking, not the server: close
    /// the connection.
    /// </summary>
    /// <exception cref="LeasequeryException">The server refused the query or broke it off.</exception>
    /// <exception cref="IOException">The connection ended, or nothing came for too long.</exception>
    public static async IAsyncEnumerable<ClientData> BulkAsync(
        this RequestorConnection connection, LeasequeryRequest request, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var brokenOff = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var batches = Channel.CreateBounded<List<ClientData>>(new BoundedChannelOptions(WaitingBatches) { SingleReader = true });
        var asking = AskAsync(connection, request, batches.Writer, brokenOff.Token);
        try
        {
            await foreach (var batch in batches.Reader.ReadAllAsync(cancellation))
            {
                foreach (var client in batch)
                    yield return client;
            }

            await asking;
        }
        finally
        {
            await brokenOff.CancelAsync();
            await Task.WhenAny(asking);
        }
    }

    /// <summary>
    /// Asks; <paramref name="take"/> is called for each client on the connection's reading loop, with its message's base time (seconds since 2000; null where it was not asked for).
    /// While it runs nothing more is read.
    /// </summary>
    /// <returns>The base time of the first message: what changed before it is in the answer. Null where it was not asked for.</returns>
    /// <exception cref="LeasequeryException">The server refused the query or broke it off.</exception>
    /// <exception cref="IOException">The connection ended, or nothing came for too long.</exception>
    public static async Task<uint?> BulkAsync(this RequestorConnection connection, LeasequeryRequest request, Action<ClientData, uint?> take, CancellationToken cancellation = default)
    {
        var answer = new BulkAnswer(take);
        await connection.QueryAsync(MessageType.LeaseQuery, request, answer.Handle, ready: null, cancellation);
        return answer.Failure is null ? answer.FirstBaseTime : throw answer.Failure;
    }

    private static async Task AskAsync(RequestorConnection connection, LeasequeryRequest request, ChannelWriter<List<ClientData>> batches, CancellationToken cancellation)
    {
        var batch = new List<ClientData>();
        var answer = new BulkAnswer((client, _) => batch.Add(client));
        Exception? failure = null;
        try
        {
            await connection.QueryAsync(MessageType.LeaseQuery, request, answer.Handle, HandOverAsync, cancellation);
            await HandOverAsync();
            failure = answer.Failure;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            failure = e;
        }

        batches.Complete(failure);

        async Task HandOverAsync()
        {
            if (batch.Count == 0)
                return;
            var full = batch;
            batch = [];
            try
            {
                await batches.WriteAsync(full, cancellation);
            }
            catch (OperationCanceledException)
            {
                // Nobody takes it any more; the connection goes on.
            }
        }
    }

    /// <summary>What has come of an answer.</summary>
    private sealed class BulkAnswer(Action<ClientData, uint?> take)
    {
        public LeasequeryException? Failure { get; private set; }

        public uint? FirstBaseTime { get; private set; }

        public bool Handle(LeasequeryAnswer answer)
        {
            FirstBaseTime ??= answer.BaseTime;
            if (answer.Status != StatusCode.Success)
                Failure = new LeasequeryException(answer.Status, answer.StatusText);
            var hasClient = answer.TryGetClient(out _) || answer.Options.Contains(OptionCode.Dhcpv4Message);
            if (hasClient && ClientData.Read(answer) is { } data)
                take(data, answer.BaseTime);

            // RFC 5460 section 6.3: a LEASEQUERY-REPLY without a client is the whole answer.
            return Failure is null && answer.Type != MessageType.LeaseQueryDone && (answer.Type != MessageType.LeaseQueryReply || hasClient);
        }
    }
}
