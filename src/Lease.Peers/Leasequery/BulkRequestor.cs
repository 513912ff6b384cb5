using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Leasequery;

/// <summary>Bulk queries (RFC 5460) on a connection.</summary>
public static class BulkRequestor
{
    /// <summary>Asks; the clients come as the server sends them.</summary>
    /// <exception cref="LeasequeryException">The server refused the query or broke it off.</exception>
    /// <exception cref="IOException">The connection ended.</exception>
    public static async IAsyncEnumerable<ClientData> BulkAsync(
        this RequestorConnection connection, LeasequeryRequest request, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var clients = Channel.CreateUnbounded<ClientData>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var asking = AskAsync();
        await foreach (var client in clients.Reader.ReadAllAsync(cancellation))
            yield return client;
        await asking;

        async Task AskAsync()
        {
            try
            {
                await connection.BulkAsync(request, client => clients.Writer.TryWrite(client), cancellation);
            }
            finally
            {
                clients.Writer.Complete();
            }
        }
    }

    /// <summary>Asks; <paramref name="take"/> is called for each client on the connection's reading loop, and must not block.</summary>
    /// <returns>The base time of the last message, seconds since 2000; null where it was not asked for.</returns>
    /// <exception cref="LeasequeryException">The server refused the query or broke it off.</exception>
    /// <exception cref="IOException">The connection ended.</exception>
    public static async Task<uint?> BulkAsync(this RequestorConnection connection, LeasequeryRequest request, Action<ClientData> take, CancellationToken cancellation = default)
    {
        LeasequeryException? failure = null;
        uint? baseTime = null;
        await connection.QueryAsync(MessageType.LeaseQuery, request, Handle, cancellation);
        return failure is null ? baseTime : throw failure;

        bool Handle(LeasequeryAnswer answer)
        {
            baseTime = answer.BaseTime ?? baseTime;
            if (answer.Status != StatusCode.Success)
                failure = new LeasequeryException(answer.Status, answer.StatusText);
            var hasClient = answer.TryGetClient(out var client);
            if (hasClient && ClientData.Read(client) is { } data)
                take(data);

            // RFC 5460 section 6.3: a LEASEQUERY-REPLY without a client is the whole answer.
            return failure is null && answer.Type != MessageType.LeaseQueryDone && (answer.Type != MessageType.LeaseQueryReply || hasClient);
        }
    }
}
