using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Lease.Peers.Dhcp6;

/// <summary>A socket for any number of simulated clients, told apart by transaction-id. Retransmits as RFC 8415 section 15 says, by its clock.</summary>
public sealed class UdpPeer : IAsyncDisposable
{
    private static readonly TimeSpan InitialTimeout = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<uint, TaskCompletionSource<ServerReply>> waiting = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Socket socket;
    private readonly IPEndPoint server;
    private readonly TimeProvider time;
    private readonly Task receiving;
    private int lastTransaction;

    /// <summary>Opens a socket that talks to <paramref name="server"/>.</summary>
    /// <param name="server">A server's or relay's address; for multicast its scope is the interface.</param>
    /// <param name="time">The clock of retransmission.</param>
    /// <param name="random">Where transaction-ids begin.</param>
    /// <param name="localPort">Port to send from; 0: any.</param>
    public UdpPeer(IPEndPoint server, TimeProvider time, Random random, int localPort = 0)
    {
        this.server = server;
        this.time = time;
        lastTransaction = random.Next(1 << 24);
        socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
        if (server.Address.IsIPv6Multicast)
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, (int)server.Address.ScopeId);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, localPort));
        receiving = Task.Run(ReceiveAsync);
    }

    /// <summary>Answers that nobody waited for, or that could not be parsed.</summary>
    public long Stray { get; private set; }

    /// <summary>A transaction-id that no exchange under way has.</summary>
    public uint NextTransaction() => (uint)Interlocked.Increment(ref lastTransaction) & 0xffffff;

    /// <summary>Sends a request and awaits its answer.</summary>
    /// <param name="request">The request; its transaction-id is replaced.</param>
    /// <param name="attempts">How often it is sent.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Null when no answer came.</returns>
    public async Task<ServerReply?> ExchangeAsync(ClientRequest request, int attempts = 4, CancellationToken cancellation = default)
    {
        var sent = request with { TransactionId = NextTransaction() };
        var buffer = new byte[4096];
        var length = sent.Write(buffer);
        var answer = new TaskCompletionSource<ServerReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[sent.TransactionId] = answer;
        try
        {
            var timeout = InitialTimeout;
            for (var attempt = 0; attempt < attempts; attempt++, timeout *= 2)
            {
                await SendAsync(buffer.AsMemory(0, length), cancellation);
                try
                {
                    return await answer.Task.WaitAsync(timeout, time, cancellation);
                }
                catch (TimeoutException)
                {
                    // RFC 8415 section 15: the same message again, after twice the time.
                }
            }

            return null;
        }
        finally
        {
            waiting.TryRemove(sent.TransactionId, out _);
        }
    }

    /// <summary>Sends octets as they are.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> datagram, CancellationToken cancellation = default)
        => await socket.SendToAsync(datagram, SocketFlags.None, server, cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        socket.Dispose();
        await receiving;
        stopping.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[65_535];
        var from = new SocketAddress(AddressFamily.InterNetworkV6);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var length = await socket.ReceiveFromAsync(buffer.AsMemory(), SocketFlags.None, from, stopping.Token);
                if (ServerReply.TryParse(buffer.AsSpan(0, length)) is { } reply && waiting.TryRemove(reply.TransactionId, out var waiter))
                    waiter.TrySetResult(reply);
                else
                    Stray++;
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // An ICMP error of an earlier send; whoever waits sends again.
            }
        }
    }
}
