using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Leasequery;

/// <summary>Asks over UDP (RFC 5007 section 4.1.3.2; leasequery draft sections 4.3 and 4.5): retransmits, and follows cookies, links and sizes to the end of the answer.</summary>
public sealed class UdpRequestor : IDisposable
{
    // LQ_TIMEOUT, LQ_MAX_RT, LQ_MAX_RC.
    private static readonly TimeSpan InitialTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(10);
    private const int MaxAttempts = 5;

    // How often a series is begun anew after StaleCookie.
    private const int MaxRestarts = 3;
    private const int LargestReply = 65_000;

    private readonly byte[] buffer = new byte[65_535];
    private readonly Socket socket;
    private readonly IPEndPoint server;
    private readonly byte[] requestor;
    private readonly TimeProvider time;
    private readonly Random random;
    private uint lastTransaction;

    /// <summary>Opens a socket to the server.</summary>
    /// <param name="server">The server's address and port.</param>
    /// <param name="requestor">The requestor's DUID.</param>
    /// <param name="time">The clock of retransmission.</param>
    /// <param name="random">For transaction-ids and jitter.</param>
    /// <exception cref="IOException">The server's network cannot be reached.</exception>
    public UdpRequestor(IPEndPoint server, byte[] requestor, TimeProvider time, Random random)
    {
        this.server = server;
        this.requestor = requestor;
        this.time = time;
        this.random = random;
        lastTransaction = (uint)random.Next(1 << 24);
        socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Connect(server);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"cannot send to {server}: {e.SocketErrorCode}", e);
        }
    }

    /// <summary>Replies of the last query.</summary>
    public int Replies { get; private set; }

    /// <summary>Asks; the whole answer comes, however many replies it takes. One query at a time.</summary>
    /// <exception cref="LeasequeryException">The server refused the query.</exception>
    /// <exception cref="IOException">No answer came.</exception>
    public async IAsyncEnumerable<ClientData> QueryAsync(LeasequeryRequest request, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        Replies = 0;
        var links = new List<Ipv6Address>();
        await foreach (var client in SeriesAsync(request, links, cancellation))
            yield return client;

        // RFC 5007 section 4.3.3: the server has the client on several links, and tells which instead of telling all.
        foreach (var link in request.Link == default ? links : [])
        {
            await foreach (var client in SeriesAsync(request with { Link = link }, [], cancellation))
                yield return client;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    // One query, from the first reply to that without a cookie.
    private async IAsyncEnumerable<ClientData> SeriesAsync(LeasequeryRequest request, List<Ipv6Address> links, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var restarts = 0;
        byte[] serverId = [];
        byte[] cookie = [];
        do
        {
            var reply = await ExchangeAsync(request, serverId, cookie, cancellation);
            if (reply.Status == request.CodePoints.StaleCookie && cookie.Length > 0 && ++restarts <= MaxRestarts)
            {
                // Leasequery draft section 4.5.2: from the beginning; what has come stays true.
                cookie = [];
                continue;
            }

            if (reply.Status == request.CodePoints.TooShort && request.ReplySize < LargestReply)
            {
                request = request with { ReplySize = LargestReply };
                continue;
            }

            if (reply.Status != StatusCode.Success)
                throw new LeasequeryException(reply.Status, reply.StatusText);
            foreach (var client in reply.Clients)
                yield return client;
            links.AddRange(reply.Links);
            if (reply.Cookie.Length == 0)
                yield break;
            if (reply.Cookie.AsSpan().SequenceEqual(cookie))
                throw new IOException("the server's cookie does not go on");
            serverId = reply.Server;
            cookie = reply.Cookie;
        }
        while (true);
    }

    // RFC 8415 section 15, with LQ_TIMEOUT, LQ_MAX_RT and LQ_MAX_RC.
    private async Task<Reply> ExchangeAsync(LeasequeryRequest request, byte[] serverId, byte[] cookie, CancellationToken cancellation)
    {
        lastTransaction = (lastTransaction + 1) & 0xffffff;
        var message = request.Encode(MessageType.LeaseQuery, lastTransaction, requestor, serverId, cookie);
        var timeout = Jittered(InitialTimeout, InitialTimeout);
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            using var expired = new CancellationTokenSource(timeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(expired.Token, cancellation);
            try
            {
                await socket.SendAsync(message, SocketFlags.None, either.Token);
                return await ReceiveAsync(lastTransaction, request.CodePoints, either.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                timeout = Jittered(timeout, timeout * 2);
                if (timeout > MaxTimeout)
                    timeout = Jittered(MaxTimeout, MaxTimeout);
            }
            catch (SocketException e)
            {
                throw new IOException($"no answer from {server}: {e.SocketErrorCode}", e);
            }
        }

        throw new IOException($"no answer from {server} to {MaxAttempts} LEASEQUERYs: is this host named in Lease.leasequery.requestors there?");
    }

    // A tenth of the last timeout, more or less.
    private TimeSpan Jittered(TimeSpan last, TimeSpan next) => next + (last * (((random.NextDouble() * 2) - 1) * 0.1));

    private async Task<Reply> ReceiveAsync(uint transactionId, DraftCodePoints points, CancellationToken cancellation)
    {
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellation);
            if (TryRead(buffer.AsSpan(0, length), transactionId, points) is { } reply)
                return reply;
        }
    }

    private Reply? TryRead(ReadOnlySpan<byte> datagram, uint transactionId, DraftCodePoints points)
    {
        if (!Dhcp6Message.TryRead(datagram, 0, out var message, out _))
            return null;
        var answer = new LeasequeryAnswer(message);
        if (!answer.IsFor(transactionId, requestor))
            return null;
        Replies++;
        var reply = new Reply { Status = answer.Status, StatusText = answer.StatusText };
        foreach (var option in answer.Options)
        {
            if (ClientDataOption.TryRead(option, out var client) && ClientData.Read(client) is { } data)
                reply.Clients.Add(data);
            else if (option.Code == OptionCode.ServerId)
                reply.Server = option.Data.ToArray();
            else if (option.Code == points.LqCookie)
                reply.Cookie = option.Data.ToArray();
            else if (option.Code == OptionCode.LqClientLink)
                AddLinks(reply.Links, option.Data);
        }

        return reply;
    }

    private static void AddLinks(List<Ipv6Address> links, ReadOnlySpan<byte> data)
    {
        for (; data.Length >= Ipv6Address.Size; data = data[Ipv6Address.Size..])
            links.Add(Ipv6Address.Read(data));
    }

    private sealed class Reply
    {
        public StatusCode Status { get; init; }

        public string StatusText { get; init; } = "";

        public List<ClientData> Clients { get; } = [];

        public List<Ipv6Address> Links { get; } = [];

        public byte[] Server { get; set; } = [];

        public byte[] Cookie { get; set; } = [];
    }
}
