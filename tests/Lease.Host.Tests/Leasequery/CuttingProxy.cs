using System.Net;
using System.Net.Sockets;

namespace Lease.Host.Tests.Leasequery;

/// <summary>Stands between a requestor and a server and cuts each connection after a random number of octets, by reset; seeded.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly Socket listener = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
    private readonly Random random;
    private readonly Task accepting;
    private int cuts;

    public CuttingProxy(int seed)
    {
        random = new Random(seed);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        listener.Listen(100);
        accepting = AcceptAsync();
    }

    public IPEndPoint Address => (IPEndPoint)listener.LocalEndPoint!;

    public IPEndPoint? Target { get; set; }

    /// <summary>The largest number of octets before a cut; 0: connections live.</summary>
    public int MostOctets { get; set; }

    public int Cuts => Volatile.Read(ref cuts);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        await accepting;
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var requestor = await listener.AcceptAsync(stopping.Token);
                serving.Add(ServeAsync(requestor));
                serving.RemoveAll(static t => t.IsCompleted);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket requestor)
    {
        using var server = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        try
        {
            await server.ConnectAsync(Target!, cut.Token);
            await Task.WhenAny(CopyAsync(requestor, server, isCut: false, cut.Token), CopyAsync(server, requestor, isCut: true, cut.Token));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // As good as cut.
        }

        await cut.CancelAsync();
        requestor.Close(timeout: 0);
        server.Close(timeout: 0);
    }

    private async Task CopyAsync(Socket from, Socket to, bool isCut, CancellationToken cancellation)
    {
        var buffer = new byte[16 << 10];
        var left = -1;
        try
        {
            while (await from.ReceiveAsync(buffer, cancellation) is > 0 and var octets)
            {
                // A limit that is set later holds for connections that are open.
                left = !isCut || MostOctets == 0 ? -1 : left < 0 ? Draw() : left;
                var allowed = left < 0 ? octets : Math.Min(octets, left);
                await to.SendAsync(buffer.AsMemory(0, allowed), cancellation);
                if (left < 0)
                    continue;
                left -= allowed;
                if (allowed == octets)
                    continue;
                Interlocked.Increment(ref cuts);
                return;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other direction, or the end of the test, closed it.
        }
    }

    private int Draw()
    {
        lock (random)
            return random.Next(MostOctets);
    }
}
