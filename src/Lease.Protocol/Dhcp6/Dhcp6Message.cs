using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6;

/// <summary>
/// A client/server message (RFC 8415 section 8): msg-type u8, transaction-id u24, options. The options have been checked by <see cref="OptionValidator"/>.
/// </summary>
public readonly ref struct Dhcp6Message
{
    /// <summary>Octets of type and transaction-id.</summary>
    public const int HeaderSize = 4;

    /// <summary>
    /// Flag U of DHCPV4-QUERY and DHCPV4-RESPONSE, which have 24 bits of flags where others have the transaction-id: the DHCPv4 message would have been
    /// unicast (RFC 7341 section 6.3).
    /// </summary>
    public const uint UnicastFlag = 0x800000;

    private Dhcp6Message(ReadOnlySpan<byte> octets)
    {
        Octets = octets;
        Type = (MessageType)octets[0];
        TransactionId = BinaryPrimitives.ReadUInt32BigEndian(octets) & 0xffffff;
    }

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Octets { get; }

    /// <summary>The type; also one that this program does not know.</summary>
    public MessageType Type { get; }

    /// <summary>24 bits; flags in DHCPV4-QUERY and DHCPV4-RESPONSE, see <see cref="UnicastFlag"/>.</summary>
    public uint TransactionId { get; }

    /// <summary>The options.</summary>
    public OptionList Options => new(Octets[HeaderSize..]);

    /// <summary>Reads and checks a message that stands <paramref name="offset"/> octets after the start of the packet.</summary>
    public static bool TryRead(ReadOnlySpan<byte> octets, int offset, out Dhcp6Message message, out Malformed defect)
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

    /// <summary>Looks at a message that <see cref="TryRead"/> has accepted before, without checking it again.</summary>
    public static Dhcp6Message FromChecked(ReadOnlySpan<byte> octets) => new(octets);
}
