using Lease.Kernel.IO;

namespace Lease.Transport.Links;

/// <summary>
/// A reply on its way back to the node that received the packet, which sends it. The span belongs to somebody else: what is to stay must be copied.
/// </summary>
/// <param name="channel">Number of the socket it leaves by, as the packet said it.</param>
/// <param name="destination">Where it goes; the scope is an interface of the node that sends it.</param>
/// <param name="data">The datagram.</param>
public readonly ref struct ForwardedReply(ushort channel, UdpEndpoint destination, ReadOnlySpan<byte> data)
{
    /// <summary>Number of the socket it leaves by, as the packet said it; not checked.</summary>
    public ushort Channel { get; } = channel;

    /// <summary>Where it goes; the scope is an interface of the node that sends it.</summary>
    public UdpEndpoint Destination { get; } = destination;

    /// <summary>The datagram.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>Takes a message that came in; nothing is copied.</summary>
    /// <exception cref="MalformedFrameException">Something is missing or out of its range.</exception>
    internal static ForwardedReply Read(Reply message)
    {
        var destination = Endpoint.Read(message.Destination);
        if (message.Channel > ushort.MaxValue)
            throw new MalformedFrameException(FrameDefect.Value, $"a reply of channel {message.Channel}");
        return new ForwardedReply((ushort)message.Channel, destination, message.Data.Span);
    }
}
