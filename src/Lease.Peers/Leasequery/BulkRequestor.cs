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
                await connection.BulkAsync(request, (client, _) => clients.Writer.TryWrite(client), cancellation);
            }
            finally
            {
                clients.Writer.Complete();
            }
        }
    }

    /// <summary>
    /// Asks; <paramref name="take"/> is called for each client on the connection's reading loop, with its message's base time (seconds since 2000; null where it was not asked for).
    /// While it runs nothing more is read.
    /// </summary>
    /// <exception cref="LeasequeryException">The server refused the query or broke it off.</exception>
    /// <exception cref="IOException">The connection ended.</exception>
    public static async Task BulkAsync(this RequestorConnection connection, LeasequeryRequest request, Action<ClientData, uint?> take, CancellationToken cancellation = default)
    {
        LeasequeryException? failure = null;
        await connection.QueryAsync(MessageType.LeaseQuery, request, Handle, cancellation);
        if (failure is not null)
            throw failure;

        bool Handle(LeasequeryAnswer answer)
        {
            if (answer.Status != StatusCode.Success)
                failure = new LeasequeryException(answer.Status, answer.StatusText);
            var hasClient = answer.TryGetClient(out var client);
            if (hasClient && ClientData.Read(client) is { } data)
                take(data, answer.BaseTime);

            // RFC 5460 section 6.3: a LEASEQUERY-REPLY without a client is the whole answer.
            return failure is null && answer.Type != MessageType.LeaseQueryDone && (answer.Type != MessageType.LeaseQueryReply || hasClient);
        }
    }
}
