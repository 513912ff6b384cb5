using System.Buffers.Binary;
using System.Text;
using Lease.Kernel.IO;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Relay;

/// <summary>An interface towards clients.</summary>
/// <param name="Name">Its name; the interface-id where none is configured.</param>
/// <param name="Index">Its index.</param>
/// <param name="LinkAddress">A global address of it, which names the link; unspecified when it has none.</param>
public sealed record RelayInterface(string Name, int Index, Ipv6Address LinkAddress);

/// <summary>What a relay agent adds and allows.</summary>
public sealed record RelayOptions
{
    /// <summary>The interfaces towards clients.</summary>
    public required IReadOnlyList<RelayInterface> Interfaces { get; init; }

    /// <summary>INTERFACE_ID of every message; empty: the interface's name. With several interfaces it goes in front of the name.</summary>
    public byte[] InterfaceId { get; init; } = [];

    /// <summary>REMOTE_ID with its enterprise number in front; empty: none.</summary>
    public byte[] RemoteId { get; init; } = [];

    /// <summary>SUBSCRIBER_ID; empty: none.</summary>
    public byte[] SubscriberId { get; init; } = [];

    /// <summary>RELAY_ID, a DUID; empty: none.</summary>
    public byte[] RelayId { get; init; } = [];

    /// <summary>Whether CLIENT_LINKLAYER_ADDR tells servers the client's address (RFC 6939).</summary>
    public bool ClientLinkLayerAddress { get; init; } = true;

    /// <summary>HOP_COUNT_LIMIT (RFC 8415 section 7.6).</summary>
    public byte HopLimit { get; init; } = RelayChain.MaxHops;

    /// <summary>UDP port from which servers are asked; not 547: RELAY_SOURCE_PORT tells them (RFC 8357).</summary>
    public int SourcePort { get; init; } = 547;

    /// <summary>UDP port of clients; 546 unless changed for a test.</summary>
    public ushort ClientPort { get; init; } = 546;

    /// <summary>UDP port of relays; 547 unless changed for a test.</summary>
    public ushort RelayPort { get; init; } = 547;
}

/// <summary>Why a message was not relayed.</summary>
public enum RelayDrop
{
    /// <summary>It cannot be parsed.</summary>
    Malformed,

    /// <summary>From the clients' side came what only servers send.</summary>
    FromServer,

    /// <summary>It passed as many relays as are allowed.</summary>
    HopLimit,

    /// <summary>From the servers' side came something else than RELAY-REPL.</summary>
    NotRelayReply,

    /// <summary>RELAY-REPL for an interface that is none of this relay's.</summary>
    UnknownInterface,

    /// <summary>It does not fit into a datagram.</summary>
    TooLarge,

    /// <summary>The system refused to send.</summary>
    NotSent,
}

/// <summary>Where a message goes that was unwrapped.</summary>
/// <param name="Interface">Out of which interface.</param>
/// <param name="Destination">To whom.</param>
public readonly record struct RelayedTo(RelayInterface Interface, UdpEndpoint Destination);

/// <summary>The decisions of a relay agent (RFC 8415 section 19, RFC 7283, RFC 7341 section 7.3): octets in, octets out; it keeps nothing of a message.</summary>
/// <param name="options">What it adds and allows.</param>
public sealed class RelayAgent(RelayOptions options)
{
    private const ushort Ethernet = 1;

    /// <summary>Wraps a message from the clients' side into RELAY-FORW.</summary>
    /// <param name="message">The message of a client or of another relay.</param>
    /// <param name="source">Who sent it.</param>
    /// <param name="from">Where it came in.</param>
    /// <param name="buffer">Takes the RELAY-FORW.</param>
    /// <param name="length">Its octets.</param>
    /// <param name="drop">Why it is not relayed.</param>
    public bool TryForward(ReadOnlySpan<byte> message, in UdpEndpoint source, RelayInterface from, Span<byte> buffer, out int length, out RelayDrop drop)
    {
        length = 0;
        if (!TryHopCount(message, out var hopCount, out drop))
            return false;
        var peer = new Ipv6Address(source.Address);
        var isRelayed = message[0] == (byte)MessageType.RelayForward;
        var writer = new Dhcp6Writer(buffer);

        // Section 19.1.2: a relay that is reached at a global address has named the link already.
        writer.RelayHeader(MessageType.RelayForward, hopCount, isRelayed && !peer.IsLinkLocal ? default : from.LinkAddress, peer);
        writer.Option(OptionCode.InterfaceId, InterfaceIdOf(from));
        WriteConfigured(ref writer);
        if (!isRelayed && options.ClientLinkLayerAddress)
            WriteLinkLayerAddress(ref writer, peer);

        // RFC 8357 section 5.1: the port of the relay in front of this one, where that is not 547; 0 when only this relay's own is another.
        var downstream = isRelayed && source.Port != options.RelayPort ? source.Port : (ushort)0;
        if (downstream != 0 || options.SourcePort != options.RelayPort)
            writer.OptionU16(OptionCode.RelaySourcePort, downstream);
        writer.Option(OptionCode.RelayMessage, message);
        drop = RelayDrop.TooLarge;
        length = writer.Length;
        return !writer.Overflowed;
    }

    /// <summary>Whether a message from the clients' side goes to the DHCPv4-over-DHCPv6 servers, where they are others (RFC 7341 section 7.3).</summary>
    public static bool IsDhcp4o6(ReadOnlySpan<byte> message) => message.Length > 0 && message[0] == (byte)MessageType.Dhcpv4Query;

    /// <summary>Takes a RELAY-REPL apart.</summary>
    /// <param name="packet">What came from a server.</param>
    /// <param name="message">What is sent on.</param>
    /// <param name="to">Where.</param>
    /// <param name="drop">Why it is not relayed.</param>
    public bool TryReply(ReadOnlySpan<byte> packet, out ReadOnlySpan<byte> message, out RelayedTo to, out RelayDrop drop)
    {
        message = default;
        to = default;
        drop = RelayDrop.NotRelayReply;
        if (packet.IsEmpty || packet[0] != (byte)MessageType.RelayReply)
            return false;
        drop = RelayDrop.Malformed;
        if (!RelayMessage.TryRead(packet, 0, out var reply, out _) || !reply.Options.TryGet(OptionCode.RelayMessage, out message) || message.IsEmpty)
            return false;
        drop = RelayDrop.UnknownInterface;
        if (FindInterface(reply) is not { } found)
            return false;
        var isForRelay = message[0] == (byte)MessageType.RelayReply;
        var port = isForRelay ? options.RelayPort : options.ClientPort;
        if (isForRelay && reply.Options.TryGetNumber(OptionCode.RelaySourcePort, out var downstream) && downstream != 0)
            port = (ushort)downstream;
        to = new RelayedTo(found, new UdpEndpoint(reply.PeerAddress.Value, port, reply.PeerAddress.IsLinkLocal ? (uint)found.Index : 0));
        return true;
    }

    // RFC 7283 section 4: every message is relayed but those for clients, also one of a type that nobody knew when this was written.
    private bool TryHopCount(ReadOnlySpan<byte> message, out byte hopCount, out RelayDrop drop)
    {
        hopCount = 0;
        drop = RelayDrop.Malformed;
        if (message.Length < Dhcp6Message.HeaderSize)
            return false;
        var type = (MessageType)message[0];
        if (type is MessageType.Advertise or MessageType.Reply or MessageType.Reconfigure or MessageType.RelayReply or MessageType.LeaseQueryReply
            or MessageType.LeaseQueryDone or MessageType.LeaseQueryData or MessageType.Dhcpv4Response or MessageType.AddrRegReply)
        {
            drop = RelayDrop.FromServer;
            return false;
        }

        if (type != MessageType.RelayForward)
            return true;
        if (!RelayMessage.TryRead(message, 0, out var inner, out _))
            return false;
        drop = RelayDrop.HopLimit;
        hopCount = (byte)(inner.HopCount + 1);
        return inner.HopCount < options.HopLimit;
    }

    private byte[] InterfaceIdOf(RelayInterface from)
    {
        if (options.InterfaceId.Length == 0)
            return Encoding.UTF8.GetBytes(from.Name);
        return options.Interfaces.Count == 1 ? options.InterfaceId : [.. options.InterfaceId, .. Encoding.UTF8.GetBytes("." + from.Name)];
    }

    // Section 19.2: by INTERFACE_ID, else by the link-address.
    private RelayInterface? FindInterface(RelayMessage reply)
    {
        var hasId = reply.Options.TryGet(OptionCode.InterfaceId, out var id);
        foreach (var candidate in options.Interfaces)
        {
            if (hasId ? id.SequenceEqual(InterfaceIdOf(candidate)) : !candidate.LinkAddress.IsUnspecified && candidate.LinkAddress == reply.LinkAddress)
                return candidate;
        }

        return null;
    }

    private void WriteConfigured(ref Dhcp6Writer writer)
    {
        if (options.RemoteId.Length > 0)
            writer.Option(OptionCode.RemoteId, options.RemoteId);
        if (options.SubscriberId.Length > 0)
            writer.Option(OptionCode.SubscriberId, options.SubscriberId);
        if (options.RelayId.Length > 0)
            writer.Option(OptionCode.RelayId, options.RelayId);
    }

    // RFC 6939 section 4; the address is that of a link-local address made of it (RFC 4291 appendix A), else it is not known here.
    private static void WriteLinkLayerAddress(ref Dhcp6Writer writer, Ipv6Address peer)
    {
        Span<byte> octets = stackalloc byte[Ipv6Address.Size];
        peer.Write(octets);
        if (!peer.IsLinkLocal || octets[11] != 0xff || octets[12] != 0xfe)
            return;
        Span<byte> data = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16BigEndian(data, Ethernet);
        data[2] = (byte)(octets[8] ^ 2);
        octets[9..11].CopyTo(data[3..]);
        octets[13..].CopyTo(data[5..]);
        writer.Option(OptionCode.ClientLinkLayerAddress, data);
    }
}
