using System.Net;
using Lease.Cluster.Tests.Checking;
using Lease.Cluster.Tests.Hosts;

namespace Lease.Cluster.Tests.Traffic;

/// <summary>A client with an address that renews it all the time, without waiting for answers.</summary>
internal sealed class RenewingClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly RelaySocket relay;
    private readonly IPAddress link;
    private readonly Random random;
    private TaskCompletionSource<Packet> answer = new();
    private List<AssociationSeen> held = [];
    private byte[] server = [];
    private double lastServedAt;

    public RenewingClient(RelaySocket relay, int number, IPAddress link)
    {
        this.relay = relay;
        this.link = link;
        random = new Random(number);
        Client = $"0003000102ffff{number:x6}";
        relay.Register(Client, link, Take);
    }

    public string Client { get; }

    /// <summary>When the last reply came, in seconds since 1970.</summary>
    public double LastServedAt => Volatile.Read(ref lastServedAt);

    public async Task BindAsync(IPAddress node)
    {
        var advertise = await AskAsync(Kind.Solicit, [new AssociationSeen(3, 1, 0, [])], node);
        server = Convert.FromHexString(advertise.Server);
        var reply = await AskAsync(Kind.Request, advertise.Associations, node);
        held = [.. reply.Associations.Where(static a => a.Leases.Count > 0)];
        if (held.Count == 0)
            throw new FaultTestException($"{Client} got no address: {reply}");
    }

    public async Task RunAsync(IReadOnlyList<IPAddress> nodes, TimeSpan pace, CancellationToken stop)
    {
        try
        {
            await Task.Delay(random.Next((int)pace.TotalMilliseconds), stop);
            while (true)
            {
                Send(Kind.Renew, held, nodes[random.Next(nodes.Count)]);
                await Task.Delay(pace, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task<Packet> AskAsync(Kind kind, IEnumerable<AssociationSeen> associations, IPAddress node)
    {
        var content = associations.ToList();
        for (var attempt = 0; attempt < 15; attempt++)
        {
            answer = new TaskCompletionSource<Packet>(TaskCreationOptions.RunContinuationsAsynchronously);
            Send(kind, content, node);
            try
            {
                return await answer.Task.WaitAsync(Patience);
            }
            catch (TimeoutException)
            {
                // Once more.
            }
        }

        throw new FaultTestException($"{Client} got no answer to its {kind} from {node}");
    }

    private void Send(Kind kind, IEnumerable<AssociationSeen> associations, IPAddress node)
        => relay.Send(MessageWriter.Write(kind, random.Next(1 << 24), Client, link, server, associations, 0), node);

    private void Take(Packet packet)
    {
        if (packet.Kind == Kind.Reply)
            Volatile.Write(ref lastServedAt, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
        answer.TrySetResult(packet);
    }
}
