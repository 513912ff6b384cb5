using System.Buffers.Binary;
using Lease.Kernel.IO;

namespace Lease.Transport.Links;

/// <summary>
/// A reply on its way back to the node that received the packet, which sends it. The span belongs to somebody else: what is to stay must be copied.
/// </summary>
/// <param name="channel">Number of the socket it leaves by, as the packet said it.</param>
/// <param name="destination">Where it goes; the scope is an interface of the node that sends it.</param>
/// <param name="data">The datagram.</param>
public readonly ref struct ForwardedReply(ushort channel, UdpEndpoint destination, ReadOnlySpan<byte> data) : INodeFrame
{
    private const int ChannelOffset = 0;
    private const int DestinationOffset = 2;
    private const int DataOffset = DestinationOffset + NodeFrame.EndpointSize;

    /// <summary>Number of the socket it leaves by, as the packet said it; not checked.</summary>
    public ushort Channel { get; } = channel;

    /// <summary>Where it goes; the scope is an interface of the node that sends it.</summary>
    public UdpEndpoint Destination { get; } = destination;

    /// <summary>The datagram.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>Octets of the whole frame.</summary>
    public int FrameSize => NodeFrame.HeaderSize + DataOffset + Data.Length;

    /// <summary>Writes the whole frame.</summary>
    /// <param name="frame">Has just <see cref="FrameSize"/> octets.</param>
    public void WriteFrame(Span<byte> frame)
    {
        var body = NodeFrame.WriteHeader(frame, NodeFrame.Reply);
        BinaryPrimitives.WriteUInt16BigEndian(body[ChannelOffset..], Channel);
        NodeFrame.WriteEndpoint(body[DestinationOffset..], Destination);
        Data.CopyTo(body[DataOffset..]);
    }

    /// <summary>Reads the body of a frame.</summary>
    /// <returns>False when it is cut off.</returns>
    public static bool TryRead(ReadOnlySpan<byte> body, out ForwardedReply reply)
    {
        reply = default;
        if (body.Length < DataOffset)
            return false;
        reply = new ForwardedReply(BinaryPrimitives.ReadUInt16BigEndian(body[ChannelOffset..]), NodeFrame.ReadEndpoint(body[DestinationOffset..]), body[DataOffset..]);
        return true;
    }
}
