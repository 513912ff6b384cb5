using System.Buffers.Binary;
using Google.Protobuf;

namespace Lease.Transport.Links;

/// <summary>The frames of a link between two nodes: a length in front of a message of <c>links.proto</c>.</summary>
internal static class NodeFrame
{
    /// <summary>Octets in front of a message: its length, in network order.</summary>
    public const int HeaderSize = 4;

    /// <summary>The greatest length: the largest datagram with everything that goes with it is shorter.</summary>
    public const int MaxLength = 70_000;

    /// <summary>Octets of the largest frame.</summary>
    public const int MaxSize = HeaderSize + MaxLength;

    // What is not known is passed over at once: kept, it would take many times its octets.
    private static readonly MessageParser<Frame> Parser = Frame.Parser.WithDiscardUnknownFields(discardUnknownFields: true);

    /// <summary>Takes the first frame of what has been received.</summary>
    /// <param name="received">What has been received.</param>
    /// <param name="message">The frame's message, not read yet.</param>
    /// <param name="size">Octets of the frame in <paramref name="received"/>.</param>
    /// <returns>False when the frame is not whole yet.</returns>
    /// <exception cref="MalformedFrameException">No frame can have the length that it says.</exception>
    public static bool TryTake(ReadOnlySpan<byte> received, out ReadOnlySpan<byte> message, out int size)
    {
        message = default;
        size = 0;
        if (received.Length < HeaderSize)
            return false;
        var length = ReadLength(received, MaxLength);
        if (received.Length < HeaderSize + length)
            return false;
        size = HeaderSize + length;
        message = received[HeaderSize..size];
        return true;
    }

    /// <summary>Reads the length in front of a message.</summary>
    /// <param name="header">Begins with it.</param>
    /// <param name="most">The greatest that it may be, octets.</param>
    /// <exception cref="MalformedFrameException">It is zero or greater.</exception>
    public static int ReadLength(ReadOnlySpan<byte> header, int most)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(header);
        return length > 0 && length <= most ? (int)length : throw new MalformedFrameException(FrameDefect.Length, $"a frame of {length} octets");
    }

    /// <summary>Reads the message of a frame; its octets are copied.</summary>
    /// <exception cref="MalformedFrameException">It is none.</exception>
    public static Frame Read(ReadOnlySpan<byte> message)
    {
        try
        {
            return Parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new MalformedFrameException(FrameDefect.Encoding, $"a frame of {message.Length} octets that is no message: {e.Message}", e);
        }
    }

    /// <summary>Octets of a frame with this message.</summary>
    public static int SizeOf(IMessage message) => HeaderSize + message.CalculateSize();

    /// <summary>Writes a frame.</summary>
    /// <param name="message">What is in it.</param>
    /// <param name="frame">Has just <see cref="SizeOf"/> octets.</param>
    public static void Write(IMessage message, Span<byte> frame)
    {
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - HeaderSize);
        message.WriteTo(frame[HeaderSize..]);
    }
}
