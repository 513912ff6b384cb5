using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp4;

/// <summary>The fixed part of a message to be written (RFC 2131 section 2); texts longer than their field are cut.</summary>
public readonly ref struct Dhcp4Header
{
    /// <summary>Who sends it.</summary>
    public BootpOperation Operation { get; init; }

    /// <summary>IANA's hardware type.</summary>
    public byte HardwareType { get; init; }

    /// <summary>The hardware address, at most 16 octets.</summary>
    public ReadOnlySpan<byte> HardwareAddress { get; init; }

    /// <summary>The transaction-id.</summary>
    public uint TransactionId { get; init; }

    /// <summary>Seconds since the client began.</summary>
    public ushort Seconds { get; init; }

    /// <summary>Flags.</summary>
    public ushort Flags { get; init; }

    /// <summary>ciaddr.</summary>
    public Ipv4Address ClientAddress { get; init; }

    /// <summary>yiaddr.</summary>
    public Ipv4Address YourAddress { get; init; }

    /// <summary>siaddr.</summary>
    public Ipv4Address NextServer { get; init; }

    /// <summary>giaddr.</summary>
    public Ipv4Address RelayAddress { get; init; }

    /// <summary>sname.</summary>
    public ReadOnlySpan<byte> ServerName { get; init; }

    /// <summary>file.</summary>
    public ReadOnlySpan<byte> BootFile { get; init; }
}

/// <summary>
/// Writes a message into a buffer that the caller owns, never over its end. An option that does not fit is left out as a whole and makes the writer <see cref="Overflowed"/>;
/// those after it may still fit. Room for the end option is kept.
/// </summary>
/// <param name="buffer">The caller's buffer.</param>
public ref struct Dhcp4Writer(Span<byte> buffer)
{
    private readonly Span<byte> buffer = buffer;

    /// <summary>Octets written so far.</summary>
    public int Length { get; private set; }

    /// <summary>Whether something did not fit.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>What has been written.</summary>
    public readonly ReadOnlySpan<byte> Written => buffer[..Length];

    /// <summary>Writes the fixed part and the magic cookie.</summary>
    /// <returns>False when the buffer is too small for it; nothing is written then.</returns>
    public bool Header(in Dhcp4Header header)
    {
        if (buffer.Length < Dhcp4Message.HeaderSize + 5 || header.HardwareAddress.Length > Dhcp4Message.HardwareAddressSize)
        {
            Overflowed = true;
            return false;
        }

        var place = buffer[..Dhcp4Message.HeaderSize];
        place.Clear();
        place[0] = (byte)header.Operation;
        place[1] = header.HardwareType;
        place[2] = (byte)header.HardwareAddress.Length;
        BinaryPrimitives.WriteUInt32BigEndian(place[4..], header.TransactionId);
        BinaryPrimitives.WriteUInt16BigEndian(place[8..], header.Seconds);
        BinaryPrimitives.WriteUInt16BigEndian(place[10..], header.Flags);
        header.ClientAddress.Write(place[12..]);
        header.YourAddress.Write(place[16..]);
        header.NextServer.Write(place[20..]);
        header.RelayAddress.Write(place[24..]);
        header.HardwareAddress.CopyTo(place[28..]);
        Cut(header.ServerName, Dhcp4Message.ServerNameSize).CopyTo(place[44..]);
        Cut(header.BootFile, Dhcp4Message.FileSize).CopyTo(place[108..]);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[Dhcp4Message.HeaderSize..], Dhcp4Message.MagicCookie);
        Length = Dhcp4Message.HeaderSize + 4;
        return true;
    }

    /// <summary>Writes an option, in parts of 255 octets where it is longer (RFC 3396).</summary>
    public void Option(Dhcp4OptionCode code, scoped ReadOnlySpan<byte> data)
    {
        var parts = Math.Max(1, (data.Length + Dhcp4Option.MaxData - 1) / Dhcp4Option.MaxData);
        if (data.Length + (parts * Dhcp4Option.HeaderSize) > buffer.Length - Length - 1)
        {
            Overflowed = true;
            return;
        }

        do
        {
            var part = data[..Math.Min(data.Length, Dhcp4Option.MaxData)];
            buffer[Length] = (byte)code;
            buffer[Length + 1] = (byte)part.Length;
            part.CopyTo(buffer[(Length + Dhcp4Option.HeaderSize)..]);
            Length += Dhcp4Option.HeaderSize + part.Length;
            data = data[part.Length..];
        }
        while (!data.IsEmpty);
    }

    /// <summary>Writes the message type.</summary>
    public void MessageType(Dhcp4MessageType type) => OptionU8(Dhcp4OptionCode.MessageType, (byte)type);

    /// <summary>Writes an option that is one octet.</summary>
    public void OptionU8(Dhcp4OptionCode code, byte value) => Option(code, [value]);

    /// <summary>Writes an option that is 4 octets in network order.</summary>
    public void OptionU32(Dhcp4OptionCode code, uint value)
    {
        Span<byte> octets = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(octets, value);
        Option(code, octets);
    }

    /// <summary>Writes an option that is 2 octets in network order.</summary>
    public void OptionU16(Dhcp4OptionCode code, ushort value)
    {
        Span<byte> octets = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(octets, value);
        Option(code, octets);
    }

    /// <summary>Writes an option that is one address.</summary>
    public void OptionAddress(Dhcp4OptionCode code, Ipv4Address address) => OptionU32(code, address.Value);

    /// <summary>Writes the end option.</summary>
    public void End()
    {
        if (Length < buffer.Length)
            buffer[Length++] = (byte)Dhcp4OptionCode.End;
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> text, int size) => text.Length > size ? text[..size] : text;
}
