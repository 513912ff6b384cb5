using System.Net;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp6;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging;

namespace Lease.Peers.Lwaftr;

/// <summary>
/// Keeps an lwAFTR's binding table by DHCP4o6 leasequery: the whole table by bulk, then each change by active leasequery from the bulk answer's base time on. After a lost connection it begins
/// anew; the table that it had stays in force until the new one is whole.
/// </summary>
/// <param name="server">The server's address and TCP port.</param>
/// <param name="requestor">The requestor's DUID.</param>
/// <param name="certificates">For STARTTLS; null: none.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Says what happens.</param>
public sealed class SoftwireFollower(IPEndPoint server, byte[] requestor, TlsCertificates? certificates, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan ReceiveTimeout = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private SoftwireTable table = new(time);

    /// <summary>The entries as they are now.</summary>
    public IReadOnlyList<Softwire> Snapshot()
    {
        lock (gate)
        {
            table.Prune();
            return table.ToList();
        }
    }

    /// <summary>Reads the whole table once.</summary>
    /// <exception cref="IOException">The server cannot be asked, or refuses.</exception>
    public async Task ReadAsync(CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        await CopyAsync(connection, cancellation);
    }

    /// <summary>Follows the server until it is cancelled. <paramref name="changed"/> is called after each change, and when a table is whole; it must not block.</summary>
    public async Task FollowAsync(Action changed, CancellationToken cancellation)
    {
        var wait = FirstRetry;
        while (!cancellation.IsCancellationRequested)
        {
            var began = time.GetTimestamp();
            try
            {
                await FollowOnceAsync(changed, cancellation);
            }
            catch (OperationCanceledException)
            {
                // Cancelled, or a hole was found: from the beginning.
            }
            catch (IOException e)
            {
                logger.ServerLost(server.ToString(), e.Message);
            }

            wait = time.GetElapsedTime(began) > MaxRetry ? FirstRetry : wait * 2 < MaxRetry ? wait * 2 : MaxRetry;
            try
            {
                await Task.Delay(wait, time, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task FollowOnceAsync(Action changed, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        var baseTime = await CopyAsync(connection, cancellation);
        changed();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var start = baseTime is { } seconds ? DhcpTime.FromSeconds(seconds, time.GetUtcNow()) : time.GetUtcNow() - ReceiveTimeout;
        var request = LeasequeryRequest.ForIpv4(Ipv4Query.All) with { WithBaseTime = true, StartTime = start };
        await connection.ActiveAsync(request, Take, stop.Token);

        void Take(ActiveUpdate update)
        {
            if (update.Status == StatusCode.DataMissing)
            {
                logger.HoleFound(server.ToString());
                stop.Cancel();
            }
            else if (update.Client?.Ipv4 is { } lease && Apply(lease))
            {
                changed();
            }
        }
    }

    private bool Apply(Ipv4Lease lease)
    {
        lock (gate)
            return table.Apply(lease);
    }

    private async Task<RequestorConnection> ConnectAsync(CancellationToken cancellation)
        => await RequestorConnection.ConnectAsync(server, requestor, ReceiveTimeout, time, certificates, cancellation);

    private async Task<uint?> CopyAsync(RequestorConnection connection, CancellationToken cancellation)
    {
        var copy = new SoftwireTable(time);
        var request = LeasequeryRequest.ForIpv4(Ipv4Query.All) with { WithBaseTime = true };
        var baseTime = await connection.BulkAsync(
            request,
            (client, _) =>
            {
                if (client.Ipv4 is { } lease)
                    copy.Apply(lease);
            },
            cancellation);
        lock (gate)
            table = copy;
        logger.TableRead(copy.Count, server.ToString(), copy.WithoutSource);
        return baseTime;
    }
}

internal static partial class SoftwireLog
{
    [LoggerMessage(6101, LogLevel.Information, "{Entries} softwires read from {Server}; {Without} leases have no tunnel source address")]
    public static partial void TableRead(this ILogger logger, int entries, string server, long without);

    [LoggerMessage(6102, LogLevel.Warning, "{Server} lost, the table stays as it is: {Reason}")]
    public static partial void ServerLost(this ILogger logger, string server, string reason);

    [LoggerMessage(6103, LogLevel.Warning, "{Server} has not kept every change: the table is read anew")]
    public static partial void HoleFound(this ILogger logger, string server);
}
