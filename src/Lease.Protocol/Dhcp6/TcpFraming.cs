using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6;

/// <summary>Messages on a TCP connection (RFC 5460 section 5.1; RFC 6926 section 6.1 for DHCPv4): message-size u16, then the message.</summary>
public static class TcpFraming
{
    /// <summary>Octets of message-size.</summary>
    public const int HeaderSize = 2;

    /// <summary>Longest message, in octets.</summary>
    public const int MaxMessage = ushort.MaxValue;

    /// <summary>Takes the first message from what has been received so far.</summary>
    /// <param name="received">What has been received and not been taken.</param>
    /// <param name="message">The message, without its size; it may be empty.</param>
    /// <param name="consumed">Octets to drop from the front of <paramref name="received"/>; 0 where more must be received first.</param>
    /// <returns>False while the message is not whole.</returns>
    public static bool TryTake(ReadOnlySpan<byte> received, out ReadOnlySpan<byte> message, out int consumed)
    {
        message = default;
        consumed = 0;
        if (received.Length < HeaderSize)
            return false;
        var size = BinaryPrimitives.ReadUInt16BigEndian(received);
        if (received.Length < HeaderSize + size)
            return false;
        message = received.Slice(HeaderSize, size);
        consumed = HeaderSize + size;
        return true;
    }

    /// <summary>Writes message-size into the first two octets of <paramref name="frame"/>, behind which the caller has written the message.</summary>
    /// <param name="frame">At least two octets.</param>
    /// <param name="size">Octets of the message, 0..65535.</param>
    public static void WriteSize(Span<byte> frame, int size) => BinaryPrimitives.WriteUInt16BigEndian(frame, checked((ushort)size));
}
