using System.Buffers.Binary;
using Lease.Kernel.IO;

namespace Lease.Transport.Links;

/// <summary>
/// A client's datagram on its way from the node that received it to the node that answers it. The spans belong to somebody else: what is to stay must be copied.
/// </summary>
public readonly ref struct ForwardedPacket : INodeFrame
{
    private const int ServiceOffset = 0;
    private const int ChannelOffset = 1;
    private const int FlagsOffset = 3;
    private const int SourceOffset = 4;
    private const int NameLengthOffset = SourceOffset + NodeFrame.EndpointSize;
    private const int NameOffset = NameLengthOffset + 1;

    private const byte MulticastFlag = 1;

    /// <summary>Puts a packet together; nothing is copied.</summary>
    /// <param name="service">Which of the receiver's services is to have it; the nodes agree on the numbers.</param>
    /// <param name="channel">Number of the socket it came in by, on the node that received it.</param>
    /// <param name="isMulticast">Whether it was sent to a multicast group.</param>
    /// <param name="source">Who sent it; the scope is an interface of the node that received it.</param>
    /// <param name="interfaceName">Name of the interface it came in by, UTF-8, at most 255 octets.</param>
    /// <param name="data">The datagram.</param>
    /// <exception cref="ArgumentOutOfRangeException">The name is longer.</exception>
    public ForwardedPacket(byte service, ushort channel, bool isMulticast, UdpEndpoint source, ReadOnlySpan<byte> interfaceName, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(interfaceName.Length, byte.MaxValue, nameof(interfaceName));
        Service = service;
        Channel = channel;
        IsMulticast = isMulticast;
        Source = source;
        InterfaceName = interfaceName;
        Data = data;
    }

    /// <summary>Which of the receiver's services is to have it.</summary>
    public byte Service { get; }

    /// <summary>Number of the socket it came in by, on the node that received it: replies name it.</summary>
    public ushort Channel { get; }

    /// <summary>Whether it was sent to a multicast group.</summary>
    public bool IsMulticast { get; }

    /// <summary>Who sent it; the scope is an interface of the node that received it.</summary>
    public UdpEndpoint Source { get; }

    /// <summary>Name of the interface it came in by, UTF-8.</summary>
    public ReadOnlySpan<byte> InterfaceName { get; }

    /// <summary>The datagram.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Octets of the whole frame.</summary>
    public int FrameSize => NodeFrame.HeaderSize + NameOffset + InterfaceName.Length + Data.Length;

    /// <summary>Writes the whole frame.</summary>
    /// <param name="frame">Has just <see cref="FrameSize"/> octets.</param>
    public void WriteFrame(Span<byte> frame)
    {
        var body = NodeFrame.WriteHeader(frame, NodeFrame.Packet);
        body[ServiceOffset] = Service;
        BinaryPrimitives.WriteUInt16BigEndian(body[ChannelOffset..], Channel);
        body[FlagsOffset] = IsMulticast ? MulticastFlag : (byte)0;
        NodeFrame.WriteEndpoint(body[SourceOffset..], Source);
        body[NameLengthOffset] = (byte)InterfaceName.Length;
        InterfaceName.CopyTo(body[NameOffset..]);
        Data.CopyTo(body[(NameOffset + InterfaceName.Length)..]);
    }

    /// <summary>Reads the body of a frame. Flags that are not known are passed over.</summary>
    /// <returns>False when it is cut off.</returns>
    public static bool TryRead(ReadOnlySpan<byte> body, out ForwardedPacket packet)
    {
        packet = default;
        if (body.Length < NameOffset || body.Length < NameOffset + body[NameLengthOffset])
            return false;
        var name = body.Slice(NameOffset, body[NameLengthOffset]);
        packet = new ForwardedPacket(
            body[ServiceOffset],
            BinaryPrimitives.ReadUInt16BigEndian(body[ChannelOffset..]),
            (body[FlagsOffset] & MulticastFlag) != 0,
            NodeFrame.ReadEndpoint(body[SourceOffset..]),
            name,
            body[(NameOffset + name.Length)..]);
        return true;
    }
}
