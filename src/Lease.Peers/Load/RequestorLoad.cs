using System.Buffers.Binary;
using System.Net;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp6;
using Lease.Transport.Tcp;

namespace Lease.Peers.Load;

/// <summary>Active requestors beside the exchanges.</summary>
public sealed record RequestorOptions
{
    /// <summary>The server's TCP service.</summary>
    public required IPEndPoint Server { get; init; }

    /// <summary>Those that read all at once.</summary>
    public int Readers { get; init; }

    /// <summary>Those that wait a second between two reads.</summary>
    public int Slow { get; init; }

    /// <summary>Those that never read.</summary>
    public int Silent { get; init; }
}

/// <summary>Many active requestors (RFC 7653), and how far behind the exchanges they are told of them.</summary>
/// <param name="options">How many of which kind.</param>
/// <param name="time">The clock.</param>
public sealed class RequestorLoad(RequestorOptions options, TimeProvider time)
{
    private static readonly TimeSpan ReceiveTimeout = TimeSpan.FromSeconds(120);

    private readonly Lock gate = new();
    private readonly LatencyHistogram delays = new();
    private readonly LatencyHistogram afterReply = new();
    private readonly byte[] requestor = Duid.MakeLinkLayer(1, [2, 0x7e, 0, 0, 0, 1]);
    private long[] begun = [];
    private long[] answered = [];
    private long updates;
    private long ended;
    private int connected;

    /// <summary>Requestors that are connected.</summary>
    public int Connected => Volatile.Read(ref connected);

    /// <summary>Updates received, by all of them.</summary>
    public long Updates => Interlocked.Read(ref updates);

    /// <summary>Connections that the server, or an error, ended.</summary>
    public long Ended => Interlocked.Read(ref ended);

    /// <summary>Time from the first packet of an exchange until a requestor that reads was told what it changed.</summary>
    public TimeSpan Delay(double share)
    {
        lock (gate)
            return delays.Percentile(share);
    }

    /// <summary>The same from the moment when the client had its REPLY, which leaves after the same commit; zero when the requestor was told first.</summary>
    public TimeSpan DelayAfterReply(double share)
    {
        lock (gate)
            return afterReply.Percentile(share);
    }

    /// <summary>Connects, and follows the changes until it is cancelled.</summary>
    /// <param name="beginnings">When the exchange under way of each client began (timestamps), by the number in its DUID.</param>
    /// <param name="endings">When it had its answer, likewise.</param>
    /// <param name="cancellation">The end.</param>
    /// <exception cref="IOException">The server does not take a connection.</exception>
    public async Task<Task> StartAsync(long[] beginnings, long[] endings, CancellationToken cancellation)
    {
        begun = beginnings;
        answered = endings;
        var following = new List<Task>();
        for (var i = 0; i < options.Readers; i++)
            following.Add(FollowAsync(await RequestorConnection.ConnectAsync(options.Server, requestor, ReceiveTimeout, time, cancellation: cancellation), cancellation));
        for (var i = 0; i < options.Slow + options.Silent; i++)
            following.Add(FollowSlowlyAsync(await FrameStream.ConnectAsync(options.Server, cancellation), reads: i < options.Slow, cancellation));
        return Task.WhenAll(following);
    }

    private async Task FollowAsync(RequestorConnection connection, CancellationToken cancellation)
    {
        Interlocked.Increment(ref connected);
        await using (connection)
        {
            try
            {
                await connection.QueryAsync(MessageType.ActiveLeaseQuery, LeasequeryRequest.Everything with { WithBaseTime = true }, Take, cancellation: cancellation);
                Interlocked.Increment(ref ended);
            }
            catch (OperationCanceledException)
            {
                // The end of the run.
            }
            catch (IOException)
            {
                Interlocked.Increment(ref ended);
            }
        }
    }

    private bool Take(LeasequeryAnswer answer)
    {
        if (answer.TryGetClient(out var client))
        {
            Interlocked.Increment(ref updates);
            Note(client.ClientId);
        }

        return answer.Type != MessageType.LeaseQueryDone;
    }

    // The last four octets of a simulated client's DUID are its number.
    private void Note(ReadOnlySpan<byte> duid)
    {
        var number = duid.Length < 4 ? -1 : BinaryPrimitives.ReadInt32BigEndian(duid[^4..]);
        if ((uint)number >= (uint)begun.Length || Volatile.Read(ref begun[number]) is not (> 0 and var start))
            return;
        var now = time.GetTimestamp();
        var reply = Volatile.Read(ref answered[number]);
        lock (gate)
        {
            delays.Record(time.GetElapsedTime(start, now));
            afterReply.Record(reply > start ? time.GetElapsedTime(reply, now) : TimeSpan.Zero);
        }
    }

    private async Task FollowSlowlyAsync(FrameStream stream, bool reads, CancellationToken cancellation)
    {
        Interlocked.Increment(ref connected);
        await using (stream)
        {
            try
            {
                await stream.WriteAsync((LeasequeryRequest.Everything with { WithBaseTime = true }).Encode(MessageType.ActiveLeaseQuery, 1, requestor), cancellation);
                while (true)
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation);
                    if (!reads)
                        continue;
                    if (!await stream.FillAsync(cancellation))
                        break;
                    while (stream.TryTake(out _))
                        Interlocked.Increment(ref updates);
                }

                Interlocked.Increment(ref ended);
            }
            catch (OperationCanceledException)
            {
                // The end of the run.
            }
            catch (IOException)
            {
                Interlocked.Increment(ref ended);
            }
        }
    }
}
