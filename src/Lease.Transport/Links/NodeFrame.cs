using System.Buffers.Binary;
using Lease.Kernel.IO;

namespace Lease.Transport.Links;

/// <summary>
/// The frames of a link between two nodes: length u32 of what follows, kind u8, body; numbers are in network order. A body ends with octets that need no length of their own.
/// </summary>
internal static class NodeFrame
{
    /// <summary>Octets in front of a frame's body: length and kind.</summary>
    public const int HeaderSize = LengthSize + 1;

    /// <summary>The greatest length, kind included: the largest datagram with everything that goes with it is shorter.</summary>
    public const int MaxLength = 70_000;

    /// <summary>Octets of the largest frame.</summary>
    public const int MaxSize = LengthSize + MaxLength;

    /// <summary>Kind of <see cref="ForwardedPacket"/>.</summary>
    public const byte Packet = 1;

    /// <summary>Kind of <see cref="ForwardedReply"/>.</summary>
    public const byte Reply = 2;

    /// <summary>Octets of an endpoint: address, port u16, scope u32.</summary>
    public const int EndpointSize = 16 + 2 + 4;

    private const int LengthSize = 4;

    /// <summary>Takes the first frame of what has been received.</summary>
    /// <param name="received">What has been received.</param>
    /// <param name="kind">The frame's kind, as it says.</param>
    /// <param name="body">The frame's body.</param>
    /// <param name="size">Octets of the frame in <paramref name="received"/>.</param>
    /// <returns>False when the frame is not whole yet.</returns>
    /// <exception cref="InvalidDataException">No frame can have the length that it says.</exception>
    public static bool TryTake(ReadOnlySpan<byte> received, out byte kind, out ReadOnlySpan<byte> body, out int size)
    {
        kind = 0;
        body = default;
        size = 0;
        if (received.Length < LengthSize)
            return false;
        var length = BinaryPrimitives.ReadUInt32BigEndian(received);
        if (length is 0 or > MaxLength)
            throw new InvalidDataException($"a frame of {length} octets");
        if (received.Length < LengthSize + (int)length)
            return false;
        size = LengthSize + (int)length;
        kind = received[LengthSize];
        body = received[HeaderSize..size];
        return true;
    }

    /// <summary>Writes what is in front of a body.</summary>
    /// <returns>Where the body goes.</returns>
    public static Span<byte> WriteHeader(Span<byte> frame, byte kind)
    {
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - LengthSize);
        frame[LengthSize] = kind;
        return frame[HeaderSize..];
    }

    /// <summary>Writes an endpoint at the start of <paramref name="destination"/>.</summary>
    public static void WriteEndpoint(Span<byte> destination, in UdpEndpoint endpoint)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, endpoint.Address);
        BinaryPrimitives.WriteUInt16BigEndian(destination[16..], endpoint.Port);
        BinaryPrimitives.WriteUInt32BigEndian(destination[18..], endpoint.Scope);
    }

    /// <summary>Reads an endpoint at the start of <paramref name="source"/>.</summary>
    public static UdpEndpoint ReadEndpoint(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt128BigEndian(source), BinaryPrimitives.ReadUInt16BigEndian(source[16..]), BinaryPrimitives.ReadUInt32BigEndian(source[18..]));
}

/// <summary>What a link carries.</summary>
internal interface INodeFrame
{
    /// <summary>Octets of the whole frame.</summary>
    int FrameSize { get; }

    /// <summary>Writes the whole frame; <paramref name="frame"/> has just its size.</summary>
    void WriteFrame(Span<byte> frame);
}
