using System.Net;
using Lease.Cluster.Tests.Checking;
using Lease.Cluster.Tests.Hosts;

namespace Lease.Cluster.Tests.Traffic;

/// <summary>A client whose REQUEST is sent when it is told to, with the same transaction id to any node, as a relay's copies and a client's retransmissions have it.</summary>
internal sealed class RequestingClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly RelaySocket relay;
    private readonly IPAddress link;
    private readonly int number;
    private readonly List<Packet> replies = [];
    private TaskCompletionSource<Packet> advertised = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] request = [];

    public RequestingClient(RelaySocket relay, int number, IPAddress link)
    {
        this.relay = relay;
        this.number = number;
        this.link = link;
        relay.Register(Client, link, Take);
    }

    public string Client => $"0003000102fffe{number:x6}";

    public int Transaction => 0x100000 + number;

    /// <summary>The REPLYs that came.</summary>
    public IReadOnlyList<Packet> Replies
    {
        get
        {
            lock (replies)
                return [.. replies];
        }
    }

    /// <summary>Gets an ADVERTISE, so that it has something to request.</summary>
    public async Task SolicitAsync(IPAddress node)
    {
        for (var attempt = 0; attempt < 15; attempt++)
        {
            relay.Send(MessageWriter.Write(Kind.Solicit, number, Client, link, [], [new AssociationSeen(3, 1, 0, [])], 0), node);
            try
            {
                var advertise = await advertised.Task.WaitAsync(Patience);
                request = MessageWriter.Write(Kind.Request, Transaction, Client, link, Convert.FromHexString(advertise.Server), advertise.Associations, 0);
                return;
            }
            catch (TimeoutException)
            {
                // Once more.
            }
        }

        throw new FaultTestException($"{Client} got no ADVERTISE from {node}");
    }

    public void Request(IPAddress node) => relay.Send(request, node);

    private void Take(Packet packet)
    {
        if (packet.Kind == Kind.Advertise)
            advertised.TrySetResult(packet);
        if (packet.Kind != Kind.Reply)
            return;
        lock (replies)
            replies.Add(packet);
    }
}
