using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Leasequery;

/// <summary>What an active query brings: a client's state, or a status, or just the sign that the server lives.</summary>
/// <param name="Client">The client; null for a message without one.</param>
/// <param name="Status">CatchUpComplete, DataMissing, or why it ended; null for a message without a status.</param>
/// <param name="BaseTime">The server's time, seconds since 2000; null where it was not asked for.</param>
/// <param name="IsLast">Whether nothing more will come.</param>
public sealed record ActiveUpdate(ClientData? Client, StatusCode? Status, uint? BaseTime, bool IsLast);

/// <summary>Active queries (RFC 7653, seed draft section 8) on a connection.</summary>
public static class ActiveRequestor
{
    /// <summary>
    /// Asks, and takes updates until the server ends them or the connection ends. <paramref name="take"/> is called for each message on the connection's reading loop, and must not block.
    /// </summary>
    /// <param name="connection">The connection; its timeout is ACTIVE_LQ_RCV_TIMEOUT.</param>
    /// <param name="request">The query; with a start time the server sends first what changed since.</param>
    /// <param name="take">Takes the updates.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="LeasequeryException">The server refused the query or ended it.</exception>
    /// <exception cref="IOException">The connection ended, or nothing came for too long.</exception>
    public static async Task ActiveAsync(this RequestorConnection connection, LeasequeryRequest request, Action<ActiveUpdate> take, CancellationToken cancellation = default)
    {
        LeasequeryException? end = null;
        await connection.QueryAsync(MessageType.ActiveLeaseQuery, request, Handle, ready: null, cancellation);
        throw end!;

        bool Handle(LeasequeryAnswer answer)
        {
            var status = answer.HasStatus ? answer.Status : (StatusCode?)null;
            var isLast = answer.Type == MessageType.LeaseQueryDone
                || (answer.Type == MessageType.LeaseQueryReply && status is not (null or StatusCode.Success or StatusCode.DataMissing or StatusCode.CatchUpComplete));
            if (isLast)
                end = new LeasequeryException(status ?? StatusCode.QueryTerminated, answer.StatusText);
            take(new ActiveUpdate(ClientData.Read(answer), status, answer.BaseTime, isLast));
            return !isLast;
        }
    }
}
