using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lease.Protocol.Dhcp6;

/// <summary>One RELAY-FORW or RELAY-REPL (RFC 8415 section 9): msg-type u8, hop-count u8, link-address 16, peer-address 16, options.</summary>
/// <param name="octets">The whole message.</param>
public readonly ref struct RelayMessage(ReadOnlySpan<byte> octets)
{
    /// <summary>Octets in front of the options.</summary>
    public const int HeaderSize = 34;

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Octets { get; } = octets;

    /// <summary>Relays that it had passed before this one.</summary>
    public byte HopCount => Octets[1];

    /// <summary>The relay's address on the client's link, or <c>::</c>.</summary>
    public Ipv6Address LinkAddress => Ipv6Address.Read(Octets[2..]);

    /// <summary>From whom the relay had it.</summary>
    public Ipv6Address PeerAddress => Ipv6Address.Read(Octets[18..]);

    /// <summary><see cref="MessageType.RelayForward"/> or <see cref="MessageType.RelayReply"/>.</summary>
    public MessageType Type => (MessageType)Octets[0];

    /// <summary>The options, RELAY_MSG among them.</summary>
    public OptionList Options => new(Octets[HeaderSize..]);

    /// <summary>Reads and checks a relay message that stands <paramref name="offset"/> octets after the start of the packet. RELAY_MSG may be missing.</summary>
    public static bool TryRead(ReadOnlySpan<byte> octets, int offset, out RelayMessage message, out Malformed defect)
    {
        message = default;
        if (octets.Length < HeaderSize)
        {
            defect = new(MalformedReason.HeaderTruncated, OptionCode.None, offset + octets.Length);
            return false;
        }

        defect = OptionValidator.Validate(octets[HeaderSize..], offset + HeaderSize);
        if (defect.IsDefect)
            return false;
        message = new(octets);
        return true;
    }
}

/// <summary>
/// The relay messages around a client's message (or, on the way back, a server's), as places in the packet: no memory is taken. Hop 0 is the relay that sent the packet, the last is the
/// one nearest to the client.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public struct RelayChain
{
    /// <summary>HOP_COUNT_LIMIT (RFC 8415 section 7.6).</summary>
    public const int MaxHops = 8;

    private Places starts;
    private Places lengths;

    /// <summary>Number of relays; 0 for a client that sent directly.</summary>
    public int Hops { get; private set; }

    /// <summary>Where the client's message begins in the packet.</summary>
    public int MessageStart { get; private set; }

    /// <summary>Length of the client's message.</summary>
    public int MessageLength { get; private set; }

    /// <summary>Walks through the relay messages of <paramref name="packet"/>, checking the options of each.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="chain">The relays; none for a packet that is not of type <paramref name="type"/>.</param>
    /// <param name="defect">What is wrong.</param>
    /// <param name="type">RELAY-FORW on the way to the server, RELAY-REPL on the way back.</param>
    public static bool TryUnwrap(ReadOnlySpan<byte> packet, out RelayChain chain, out Malformed defect, MessageType type = MessageType.RelayForward)
    {
        chain = new RelayChain { MessageLength = packet.Length };
        defect = default;
        while (chain.MessageLength > 0 && packet[chain.MessageStart] == (byte)type)
        {
            if (!chain.TryEnter(packet, out defect))
                return false;
        }

        return true;
    }

    /// <summary>The relay message of <paramref name="hop"/>, 0..<see cref="Hops"/>-1.</summary>
    public readonly RelayMessage Hop(ReadOnlySpan<byte> packet, int hop) => new(packet.Slice(starts[hop], lengths[hop]));

    /// <summary>The client's message.</summary>
    public readonly ReadOnlySpan<byte> Message(ReadOnlySpan<byte> packet) => packet.Slice(MessageStart, MessageLength);

    private bool TryEnter(ReadOnlySpan<byte> packet, out Malformed defect)
    {
        var relay = packet.Slice(MessageStart, MessageLength);
        if (Hops == MaxHops)
        {
            defect = new(MalformedReason.TooManyHops, OptionCode.RelayMessage, MessageStart);
            return false;
        }

        if (!RelayMessage.TryRead(relay, MessageStart, out _, out defect))
            return false;
        starts[Hops] = MessageStart;
        lengths[Hops] = MessageLength;
        Hops++;
        return TryFindInner(packet, relay, out defect);
    }

    private bool TryFindInner(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> relay, out Malformed defect)
    {
        defect = default;
        var place = MessageStart + RelayMessage.HeaderSize;
        var end = MessageStart + relay.Length;
        while (place < end)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(packet[(place + 2)..]);
            if (BinaryPrimitives.ReadUInt16BigEndian(packet[place..]) == (ushort)OptionCode.RelayMessage)
            {
                MessageStart = place + Option.HeaderSize;
                MessageLength = length;
                return true;
            }

            place += Option.HeaderSize + length;
        }

        defect = new(MalformedReason.RelayMessageMissing, OptionCode.RelayMessage, MessageStart);
        return false;
    }

    [InlineArray(MaxHops)]
    private struct Places
    {
        private int first;
    }
}
