using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6;

/// <summary>
/// Writes a message into a buffer that the caller owns, never over its end. What does not fit (or an option over 65,535 octets) makes the writer
/// <see cref="Overflowed"/>; everything after that is ignored.
/// </summary>
/// <param name="buffer">The caller's buffer.</param>
public ref struct Dhcp6Writer(Span<byte> buffer)
{
    private readonly Span<byte> buffer = buffer;

    /// <summary>Octets written so far.</summary>
    public int Length { get; private set; }

    /// <summary>Whether something did not fit.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>What has been written.</summary>
    public readonly ReadOnlySpan<byte> Written => buffer[..Length];

    /// <summary>Writes type and transaction-id (24 bits).</summary>
    public void MessageHeader(MessageType type, uint transactionId) => U32(((uint)type << 24) | (transactionId & 0xffffff));

    /// <summary>Writes the fixed part of a relay message.</summary>
    public void RelayHeader(MessageType type, byte hopCount, Ipv6Address link, Ipv6Address peer)
    {
        U8((byte)type);
        U8(hopCount);
        Address(link);
        Address(peer);
    }

    /// <summary>Writes a whole option.</summary>
    public void Option(OptionCode code, scoped ReadOnlySpan<byte> data)
    {
        var mark = BeginOption(code);
        Octets(data);
        EndOption(mark);
    }

    /// <summary>Writes an option that is one octet.</summary>
    public void OptionU8(OptionCode code, byte value)
    {
        OptionHeader(code, 1);
        U8(value);
    }

    /// <summary>Writes an option that is 2 octets in network order.</summary>
    public void OptionU16(OptionCode code, ushort value)
    {
        OptionHeader(code, 2);
        U16(value);
    }

    /// <summary>Writes an option that is 4 octets in network order.</summary>
    public void OptionU32(OptionCode code, uint value)
    {
        OptionHeader(code, 4);
        U32(value);
    }

    /// <summary>Writes an option that is a list of addresses, maybe empty.</summary>
    public void OptionAddresses(OptionCode code, scoped ReadOnlySpan<Ipv6Address> addresses)
    {
        var mark = BeginOption(code);
        foreach (var address in addresses)
            Address(address);
        EndOption(mark);
    }

    /// <summary>Writes an option's code and room for its length; <see cref="EndOption"/> takes the result.</summary>
    public int BeginOption(OptionCode code)
    {
        U16((ushort)code);
        U16(0);
        return Length;
    }

    /// <summary>Sets the length of the option begun at <paramref name="mark"/> to all that was written since.</summary>
    public void EndOption(int mark)
    {
        var length = Length - mark;
        if (length > ushort.MaxValue)
            Overflowed = true;
        if (!Overflowed)
            BinaryPrimitives.WriteUInt16BigEndian(buffer[(mark - 2)..], (ushort)length);
    }

    /// <summary>Takes back everything after <paramref name="length"/>: for a container that turned out to be empty.</summary>
    public void Rewind(int length)
    {
        if (!Overflowed)
            Length = length;
    }

    /// <summary>Writes an octet.</summary>
    public void U8(byte value)
    {
        if (TryTake(1, out var place))
            place[0] = value;
    }

    /// <summary>Writes 2 octets in network order.</summary>
    public void U16(ushort value)
    {
        if (TryTake(2, out var place))
            BinaryPrimitives.WriteUInt16BigEndian(place, value);
    }

    /// <summary>Writes 4 octets in network order.</summary>
    public void U32(uint value)
    {
        if (TryTake(4, out var place))
            BinaryPrimitives.WriteUInt32BigEndian(place, value);
    }

    /// <summary>Writes 16 octets.</summary>
    public void Address(Ipv6Address value)
    {
        if (TryTake(Ipv6Address.Size, out var place))
            value.Write(place);
    }

    /// <summary>Writes octets as they are.</summary>
    public void Octets(scoped ReadOnlySpan<byte> value)
    {
        if (TryTake(value.Length, out var place))
            value.CopyTo(place);
    }

    /// <summary>Makes the writer <see cref="Overflowed"/>: for a value that has no form on the wire.</summary>
    internal void Fail() => Overflowed = true;

    private void OptionHeader(OptionCode code, ushort length)
    {
        U16((ushort)code);
        U16(length);
    }

    private bool TryTake(int size, out Span<byte> place)
    {
        place = default;
        if (Overflowed || size > buffer.Length - Length)
        {
            Overflowed = true;
            return false;
        }

        place = buffer.Slice(Length, size);
        Length += size;
        return true;
    }
}
