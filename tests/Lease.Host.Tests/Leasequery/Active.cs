using System.Threading.Channels;
using Lease.Host.Tests.Dhcp6;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Tests.Leasequery;

/// <summary>An active query on a connection of its own, and what it has brought.</summary>
internal sealed class Active : IAsyncDisposable
{
    private readonly Channel<ActiveUpdate> updates = Channel.CreateUnbounded<ActiveUpdate>();
    private Task asking = Task.CompletedTask;

    private Active(RequestorConnection connection) => Connection = connection;

    public RequestorConnection Connection { get; }

    public ActiveUpdate? Last { get; private set; }

    public static async Task<Active> StartAsync(TestServer server, LeasequeryRequest request)
    {
        var active = new Active(await server.ConnectAsync());
        active.asking = active.Connection.ActiveAsync(request, update => active.updates.Writer.TryWrite(update));
        return active;
    }

    public async Task<ActiveUpdate> NextAsync() => Last = await updates.Reader.ReadAsync(QueriedServer.Deadline());

    public async Task<ActiveUpdate> NextClientAsync()
    {
        while ((await NextAsync()).Client is null)
        {
            // A sign of life.
        }

        return Last!;
    }

    public async Task<List<ActiveUpdate>> UntilAsync(StatusCode status)
    {
        var all = new List<ActiveUpdate>();
        do
            all.Add(await NextAsync());
        while (Last!.Status != status);
        return all;
    }

    public async Task<LeasequeryException> EndAsync()
    {
        var end = await Should.ThrowAsync<LeasequeryException>(asking.WaitAsync(QueriedServer.Deadline()));
        while (updates.Reader.TryRead(out var update))
            Last = update;
        return end;
    }

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await Task.WhenAny(asking);
    }
}
