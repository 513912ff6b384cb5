using System.Collections.Concurrent;
using Lease.Actors.Dhcp6;
using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Dhcp4;

/// <summary>
/// The DHCPv6 side of two programs (<c>Dhcp6.dhcp4o6-port</c>): hands DHCPV4-QUERYs over to another program's DHCPv4 engine on the loopback, in Kea's wire form, and sends its answers on to
/// the client or relay. It keeps nothing of a message: the wire carries interface, address and port there and back.
/// </summary>
public sealed class Dhcp4Forwarder(ActorSystem system, UdpEndpoint engine, Func<Dhcp6Settings?> settings, Dhcp4Counters counters) : IDhcp4Service, IDatagramHandler
{
    private const ushort RelayPort = 547;
    private const int MaxDatagram = 65_527;

    [ThreadStatic]
    private static byte[]? buffer;

    // By name: what the engine sends back leaves where the query came in.
    private readonly ConcurrentDictionary<string, IDatagramChannel> channels = new(StringComparer.Ordinal);

    /// <summary>The socket on the loopback; messages are dropped until it is set.</summary>
    public IDatagramChannel? Loopback { get; set; }

    /// <inheritdoc/>
    public void AfterReceive(bool more) => system.Assist(more);

    /// <inheritdoc/>
    public void Handle(Datagram datagram, in RelayChain chain, Dhcp6Message query)
    {
        channels[datagram.Channel.InterfaceName] = datagram.Channel;
        var source = datagram.Source;
        var origin = new ForwardedFrom(datagram.Channel.InterfaceName, new Protocol.Ipv6Address(source.Address), source.Port);
        buffer ??= new byte[MaxDatagram];
        var writer = new Dhcp6Writer(buffer);
        Rewrite(ref writer, datagram.Data, chain, query, origin);
        if (writer.Overflowed || Loopback?.Send(writer.Written, engine) != true)
            counters.CountDrop(Dhcp4Drop.NotSent);
        datagram.Release();
    }

    /// <summary>Takes an answer of the engine.</summary>
    public void Handle(Datagram datagram)
    {
        if (datagram.Source != engine || !TrySendOn(datagram))
            counters.CountDrop(Dhcp4Drop.BadForward);
        datagram.Release();
    }

    private bool TrySendOn(Datagram datagram)
    {
        var packet = datagram.Data;
        if (settings() is not { } current
            || !RelayChain.TryUnwrap(packet, out var chain, out _, MessageType.RelayReply)
            || !Dhcp6Message.TryRead(chain.Message(packet), chain.MessageStart, out var response, out _)
            || response.Type != MessageType.Dhcpv4Response || ForwardedOption.Read(response.Options) is not { } origin
            || !channels.TryGetValue(origin.Interface, out var channel))
            return false;
        buffer ??= new byte[MaxDatagram];
        var writer = new Dhcp6Writer(buffer);
        Rewrite(ref writer, packet, chain, response, origin: null);
        var port = current.Configuration.ClientPort;
        if (chain.Hops > 0)
            port = chain.Hop(packet, 0).Options.Contains(OptionCode.RelaySourcePort) || port == 0 ? origin.Port : RelayPort;
        else if (port == 0)
            port = origin.Port;
        var peer = new UdpEndpoint(origin.Peer.Value, (ushort)port, origin.Peer.IsLinkLocal ? ScopeOf(channel) : 0);
        return !writer.Overflowed && channel.Send(writer.Written, peer);
    }

    // The socket is bound to its interface: the scope of what it last received from there would say no more.
    private static uint ScopeOf(IDatagramChannel channel) => (uint)System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
        .First(i => i.Name == channel.InterfaceName).GetIPProperties().GetIPv6Properties().Index;

    // The same message with the option of the two programs put in or taken out, in the innermost message, and the relays' options as they were.
    private static void Rewrite(ref Dhcp6Writer writer, ReadOnlySpan<byte> packet, in RelayChain chain, Dhcp6Message message, ForwardedFrom? origin)
    {
        Span<int> marks = stackalloc int[RelayChain.MaxHops];
        for (var hop = 0; hop < chain.Hops; hop++)
        {
            var relay = chain.Hop(packet, hop);
            writer.Octets(relay.Octets[..RelayMessage.HeaderSize]);
            foreach (var option in relay.Options)
            {
                if (option.Code != OptionCode.RelayMessage)
                    writer.Option(option.Code, option.Data);
            }

            marks[hop] = writer.BeginOption(OptionCode.RelayMessage);
        }

        writer.Octets(message.Octets[..Dhcp6Message.HeaderSize]);
        foreach (var option in message.Options)
        {
            if (!ForwardedOption.Is(option))
                writer.Option(option.Code, option.Data);
        }

        if (origin is not null)
            ForwardedOption.Write(ref writer, origin);
        for (var hop = chain.Hops - 1; hop >= 0; hop--)
            writer.EndOption(marks[hop]);
    }
}
