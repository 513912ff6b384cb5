using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using Lease.Actors.Bindings;
using Lease.Actors.Cluster;
using Lease.Actors.Dhcp4;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Transport.Links;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Server;

/// <summary>
/// Sends clients' packets to the nodes that own their bindings, takes in those that other nodes send here, and carries the answers back: the node that received a packet sends its answer.
/// A packet is sent on once at most: where it arrives it is answered, or waits there for its shard.
/// </summary>
internal sealed class PacketForwarder : IShardForwarder, INodeLinkHandler, IDisposable
{
    // What is taken in and not answered yet: see DatagramBudget.
    private const long MaxHeld = 32 << 20;

    private readonly ClusterDirectory directory;
    private readonly ShardRegion region;
    private readonly IDatagramHandler dhcp6;
    private readonly IDatagramHandler behindOther;
    private readonly TimeProvider time;
    private readonly DatagramBudget budget = new(MaxHeld);
    private readonly ConcurrentDictionary<IDatagramChannel, LocalChannel> byChannel = new(ReferenceEqualityComparer.Instance);
    private readonly ConditionalWeakTable<INodeLink, ConcurrentDictionary<ushort, RemoteChannel>> remote = [];
    private volatile LocalChannel[] channels = [];
    private NodeLinks? links;
    private long overload;

    public PacketForwarder(ClusterDirectory directory, ShardRegion region, IDatagramHandler dhcp6, IDatagramHandler behindOther, TimeProvider time)
    {
        this.directory = directory;
        this.region = region;
        this.dhcp6 = dhcp6;
        this.behindOther = behindOther;
        this.time = time;
    }

    /// <summary>Every counter.</summary>
    public IEnumerable<(string Name, long Value)> Counters()
    {
        if (links is not { Counters: var counters })
            yield break;
        yield return ("link.packets-sent", counters.PacketsSent);
        yield return ("link.packets-received", counters.PacketsReceived);
        yield return ("link.packets-dropped", counters.PacketsDropped);
        yield return ("link.replies-sent", counters.RepliesSent);
        yield return ("link.replies-received", counters.RepliesReceived);
        yield return ("link.replies-dropped", counters.RepliesDropped);
        yield return ("link.overload", Interlocked.Read(ref overload));
        yield return ("link.opened", counters.Opened);
        yield return ("link.failed", counters.Failed);
        yield return ("link.refused", counters.Refused);
        yield return ("link.malformed", counters.Malformed);
        yield return ("link.stalled", counters.Stalled);
        yield return ("link.unknown", counters.Unknown);
    }

    /// <summary>Listens for other nodes.</summary>
    /// <param name="self">Who this node is.</param>
    /// <param name="configuration">Where it listens, and its certificate.</param>
    /// <param name="logger">Links that open, close or cannot be opened.</param>
    /// <returns>Where, for them to know.</returns>
    /// <exception cref="IOException">The address is not there, or a certificate file cannot be read.</exception>
    public string Open(LinkIdentity self, Configuration.NodeLinkConfiguration configuration, ILogger logger)
    {
        var tls = configuration.Tls;
        var certificates = TlsCertificates.Load(tls.CertificateFile, tls.KeyFile, tls.AuthoritiesFile, time, logger);
        links = NodeLinks.Start(configuration.Address, self, certificates, this, time, logger);
        region.Forwarder = this;
        return new IPEndPoint(configuration.Address.Address, links.Port).ToString();
    }

    /// <summary>Takes over where shards are; what waited for them is sent on.</summary>
    public void Update(ClusterView view)
    {
        foreach (var gone in directory.Update(view))
            links?.Forget(gone);
        region.ForwardUnserved();
    }

    /// <inheritdoc/>
    public bool TryForward(int shard, object message)
    {
        if (message is not ClientExchange { Datagram: { Channel.IsRemote: false } datagram } exchange || directory.OwnerOf(shard) is not { } owner || links is null)
            return false;
        var channel = ChannelOf(datagram.Channel);
        var service = exchange is Dhcp4Exchange { Origin: not null } ? ForwardedService.BehindOther : ForwardedService.Dhcp6;
        if (!links.TrySend(owner, new ForwardedPacket(service, channel.Number, datagram.IsMulticast, datagram.Source, datagram.Channel.InterfaceName, datagram.Data)))
            return false;
        datagram.Release();
        return true;
    }

    /// <inheritdoc/>
    public void OnPacket(in ForwardedPacket packet, INodeLink from)
    {
        if (!budget.TryTake(packet.Data.Length))
        {
            Interlocked.Increment(ref overload);
            return;
        }

        // Without AfterReceive: a thread of the pool must not assist the actors, or what it does later for others wakes nobody.
        var handler = packet.Service == ForwardedService.BehindOther ? behindOther : dhcp6;
        handler.Handle(new Datagram(packet.Data, packet.Source, packet.IsMulticast, RemoteOf(from, packet), time.GetUtcNow().ToUnixTimeMilliseconds(), budget));
    }

    /// <inheritdoc/>
    public void OnReply(in ForwardedReply reply)
    {
        var known = channels;
        if (reply.Channel < known.Length)
            known[reply.Channel].Channel.Send(reply.Data, reply.Destination);
    }

    public void Dispose()
    {
        region.Forwarder = null;
        links?.Dispose();
    }

    private LocalChannel ChannelOf(IDatagramChannel channel)
    {
        if (byChannel.TryGetValue(channel, out var known))
            return known;
        lock (byChannel)
        {
            if (byChannel.TryGetValue(channel, out known))
                return known;
            known = new LocalChannel(channel, (ushort)channels.Length);
            channels = [.. channels, known];
            byChannel[channel] = known;
            return known;
        }
    }

    private RemoteChannel RemoteOf(INodeLink link, in ForwardedPacket packet)
    {
        var known = remote.GetOrAdd(link, static _ => new ConcurrentDictionary<ushort, RemoteChannel>());
        return known.TryGetValue(packet.Channel, out var channel)
            ? channel
            : known.GetOrAdd(packet.Channel, new RemoteChannel(link, packet.Channel, packet.InterfaceName));
    }

    private sealed record LocalChannel(IDatagramChannel Channel, ushort Number);

    /// <summary>A socket of the node that received the packet.</summary>
    private sealed class RemoteChannel(INodeLink link, ushort number, string interfaceName) : IDatagramChannel
    {
        public string InterfaceName => interfaceName;

        public bool IsRemote => true;

        public bool Send(ReadOnlySpan<byte> data, in UdpEndpoint destination) => link.TrySendReply(number, destination, data);
    }
}
