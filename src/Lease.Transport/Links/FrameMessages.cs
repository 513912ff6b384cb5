using Google.Protobuf;

namespace Lease.Transport.Links;

/// <summary>
/// The messages of frames that go out: the same objects again and again, so that a frame costs 32 octets of memory and not a copy of each of its parts. For one thread at a time; what is returned
/// is good until the next call.
/// </summary>
internal sealed class FrameMessages
{
    private readonly Frame packet = new() { Packet = new Packet { Source = new Endpoint() } };
    private readonly Frame reply = new() { Reply = new Reply { Destination = new Endpoint() } };
    private byte[] data = [];

    /// <summary>The message for a packet.</summary>
    public Frame Of(in ForwardedPacket from)
    {
        var message = packet.Packet;
        message.Service = (Service)from.Service;
        message.Channel = from.Channel;
        message.IsMulticast = from.IsMulticast;
        message.Source.Set(from.Source);
        message.InterfaceName = from.InterfaceName;
        message.Data = Keep(from.Data);
        return packet;
    }

    /// <summary>The message for a reply.</summary>
    public Frame Of(in ForwardedReply from)
    {
        var message = reply.Reply;
        message.Channel = from.Channel;
        message.Destination.Set(from.Destination);
        message.Data = Keep(from.Data);
        return reply;
    }

    // A message wants octets that stay where they are; a span may lie anywhere.
    private ByteString Keep(ReadOnlySpan<byte> octets)
    {
        if (data.Length < octets.Length)
            data = new byte[Math.Max(octets.Length, 2 * data.Length)];
        octets.CopyTo(data);
        return UnsafeByteOperations.UnsafeWrap(data.AsMemory(0, octets.Length));
    }
}
