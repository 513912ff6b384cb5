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

    /// <summary>The options, RELAY_MSG among them.</summary>
    public OptionList Options => new(Octets[HeaderSize..]);
}

/// <summary>
/// The RELAY-FORW messages around a client's message, as places in the packet: no memory is taken. Hop 0 is the relay that sent the packet, the last is the
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

    /// <summary>Walks through the RELAY-FORWs of <paramref name="packet"/>, checking the options of each.</summary>
    public static bool TryUnwrap(ReadOnlySpan<byte> packet, out RelayChain chain, out Malformed defect)
    {
        chain = new RelayChain { MessageLength = packet.Length };
        defect = default;
        while (chain.MessageLength > 0 && packet[chain.MessageStart] == (byte)MessageType.RelayForward)
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

        if (relay.Length < RelayMessage.HeaderSize)
        {
            defect = new(MalformedReason.HeaderTruncated, OptionCode.None, MessageStart + relay.Length);
            return false;
        }

        defect = OptionValidator.Validate(relay[RelayMessage.HeaderSize..], MessageStart + RelayMessage.HeaderSize);
        if (defect.IsDefect)
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
