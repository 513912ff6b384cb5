using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Lease.Peers;

/// <summary>A socket for any number of simulated clients, told apart by the key of their exchange. Retransmits with doubled times (RFC 8415 section 15, RFC 2131 section 4.1), by its clock.</summary>
/// <typeparam name="TReply">An answer, taken apart.</typeparam>
public abstract class UdpExchanger<TReply> : IAsyncDisposable
    where TReply : class
{
    private static readonly TimeSpan InitialTimeout = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<uint, TaskCompletionSource<TReply>> waiting = new();
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
    protected UdpExchanger(IPEndPoint server, TimeProvider time, Random random, int localPort)
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

    /// <summary>A transaction-id of 24 bits that no exchange under way has.</summary>
    public uint NextTransaction() => (uint)Interlocked.Increment(ref lastTransaction) & 0xffffff;

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
        GC.SuppressFinalize(this);
    }

    /// <summary>Reads a datagram: the answer, and the key of its exchange.</summary>
    /// <returns>False when it is no answer.</returns>
    protected abstract bool TryRead(ReadOnlySpan<byte> datagram, out uint key, out TReply reply);

    /// <summary>Sends a datagram and awaits its answer.</summary>
    /// <returns>Null when no answer came.</returns>
    protected async Task<TReply?> ExchangeAsync(uint key, ReadOnlyMemory<byte> datagram, int attempts, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<TReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[key] = answer;
        try
        {
            var timeout = InitialTimeout;
            for (var attempt = 0; attempt < attempts; attempt++, timeout *= 2)
            {
                await SendAsync(datagram, cancellation);
                try
                {
                    return await answer.Task.WaitAsync(timeout, time, cancellation);
                }
                catch (TimeoutException)
                {
                    // The same message again, after twice the time.
                }
            }

            return null;
        }
        finally
        {
            waiting.TryRemove(key, out _);
        }
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
                if (TryRead(buffer.AsSpan(0, length), out var key, out var reply) && waiting.TryRemove(key, out var waiter))
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
