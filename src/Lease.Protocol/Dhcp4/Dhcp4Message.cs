using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp4;

/// <summary>
/// A DHCPv4 or BOOTP message (RFC 2131 section 2), as it stands in UDP or in DHCPV4_MSG. Reading checks everything once, so that what reads it later needs no error paths.
/// </summary>
public readonly ref struct Dhcp4Message
{
    /// <summary>Octets in front of the options field, without the magic cookie.</summary>
    public const int HeaderSize = 236;

    /// <summary>Octets of the hardware address field.</summary>
    public const int HardwareAddressSize = 16;

    /// <summary>Octets of the sname field.</summary>
    public const int ServerNameSize = 64;

    /// <summary>Octets of the file field.</summary>
    public const int FileSize = 128;

    /// <summary>In front of the options (RFC 2131 section 3).</summary>
    public const uint MagicCookie = 0x63825363;

    /// <summary>The broadcast bit of <see cref="Flags"/>.</summary>
    public const ushort BroadcastFlag = 0x8000;

    private const int HardwareAddressOffset = 28;
    private const int ServerNameOffset = 44;
    private const int FileOffset = 108;
    private const byte FileHoldsOptions = 1;
    private const byte ServerNameHoldsOptions = 2;

    private readonly byte overload;

    private Dhcp4Message(ReadOnlySpan<byte> octets)
    {
        Octets = octets;
        if (HasCookie(octets) && new Dhcp4OptionList(octets[(HeaderSize + 4)..]).TryGetNumber(Dhcp4OptionCode.Overload, out var said))
            overload = (byte)said;
    }

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Octets { get; }

    /// <summary>Whether the magic cookie stands in front of the options (RFC 2131 section 3); without it there are none.</summary>
    public bool IsWithCookie => HasCookie(Octets);

    /// <summary>Who sent it.</summary>
    public BootpOperation Operation => (BootpOperation)Octets[0];

    /// <summary>IANA's hardware type; 1 is Ethernet.</summary>
    public byte HardwareType => Octets[1];

    /// <summary>Relays passed, as they say.</summary>
    public byte Hops => Octets[3];

    /// <summary>The transaction-id.</summary>
    public uint TransactionId => BinaryPrimitives.ReadUInt32BigEndian(Octets[4..]);

    /// <summary>Seconds since the client began.</summary>
    public ushort Seconds => BinaryPrimitives.ReadUInt16BigEndian(Octets[8..]);

    /// <summary>Flags; see <see cref="BroadcastFlag"/>.</summary>
    public ushort Flags => BinaryPrimitives.ReadUInt16BigEndian(Octets[10..]);

    /// <summary>The address that the client has and answers at.</summary>
    public Ipv4Address ClientAddress => Ipv4Address.Read(Octets[12..]);

    /// <summary>The address that the client gets.</summary>
    public Ipv4Address YourAddress => Ipv4Address.Read(Octets[16..]);

    /// <summary>The server from which the client boots.</summary>
    public Ipv4Address NextServer => Ipv4Address.Read(Octets[20..]);

    /// <summary>The relay.</summary>
    public Ipv4Address RelayAddress => Ipv4Address.Read(Octets[24..]);

    /// <summary>The hardware address, without padding; may be empty.</summary>
    public ReadOnlySpan<byte> HardwareAddress => Octets.Slice(HardwareAddressOffset, Octets[2]);

    /// <summary>The sname field up to its first zero; empty when it holds options.</summary>
    public ReadOnlySpan<byte> ServerName => (overload & ServerNameHoldsOptions) != 0 ? default : Text(Octets.Slice(ServerNameOffset, ServerNameSize));

    /// <summary>The file field up to its first zero; empty when it holds options.</summary>
    public ReadOnlySpan<byte> BootFile => (overload & FileHoldsOptions) != 0 ? default : Text(Octets.Slice(FileOffset, FileSize));

    /// <summary>The options, of overloaded fields too; none in a message without the magic cookie.</summary>
    public Dhcp4OptionList Options => HasCookie(Octets)
        ? new(
            Octets[(HeaderSize + 4)..],
            (overload & FileHoldsOptions) != 0 ? Octets.Slice(FileOffset, FileSize) : default,
            (overload & ServerNameHoldsOptions) != 0 ? Octets.Slice(ServerNameOffset, ServerNameSize) : default)
        : default;

    /// <summary>The type by its option; <see cref="Dhcp4MessageType.Bootp"/> without one.</summary>
    public Dhcp4MessageType Type => Options.TryGetNumber(Dhcp4OptionCode.MessageType, out var type) ? (Dhcp4MessageType)type : Dhcp4MessageType.Bootp;

    /// <summary>Reads and checks a message that stands <paramref name="offset"/> octets after the start of the packet.</summary>
    public static bool TryRead(ReadOnlySpan<byte> octets, int offset, out Dhcp4Message message, out Dhcp4Malformed defect)
    {
        message = default;
        defect = CheckHeader(octets, offset);
        if (!defect.IsDefect && HasCookie(octets))
            defect = Dhcp4OptionValidator.Validate(octets, offset, HeaderSize + 4);
        if (defect.IsDefect)
            return false;
        message = new(octets);
        return true;
    }

    /// <summary>Looks at a message that <see cref="TryRead"/> has accepted before, without checking it again.</summary>
    public static Dhcp4Message FromChecked(ReadOnlySpan<byte> octets) => new(octets);

    internal static (int Offset, int Length) FieldOf(byte overloadBit) => overloadBit == FileHoldsOptions ? (FileOffset, FileSize) : (ServerNameOffset, ServerNameSize);

    private static Dhcp4Malformed CheckHeader(ReadOnlySpan<byte> octets, int offset)
    {
        if (octets.Length < HeaderSize)
            return new(Dhcp4Defect.HeaderTruncated, Dhcp4OptionCode.Pad, offset + octets.Length);
        if (octets[0] is not ((byte)BootpOperation.Request or (byte)BootpOperation.Reply))
            return new(Dhcp4Defect.BadOperation, Dhcp4OptionCode.Pad, offset, octets[0]);
        return octets[2] > HardwareAddressSize ? new(Dhcp4Defect.HardwareAddressTooLong, Dhcp4OptionCode.Pad, offset + 2, octets[2]) : default;
    }

    // RFC 951's vendor area had no cookie: then there are no options.
    private static bool HasCookie(ReadOnlySpan<byte> octets)
        => octets.Length >= HeaderSize + 4 && BinaryPrimitives.ReadUInt32BigEndian(octets[HeaderSize..]) == MagicCookie;

    private static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> field) => field.IndexOf((byte)0) is >= 0 and var end ? field[..end] : field;
}
