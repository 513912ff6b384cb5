using Lease.Transport.Links;

namespace Lease.Transport.Tests.Links;

/// <summary>Frames as a node writes and reads them.</summary>
internal static class Frames
{
    public static byte[] Of(in ForwardedPacket packet)
    {
        var buffer = new SendBuffer();
        buffer.TryAdd(packet).ShouldBeTrue();
        return buffer.Take().ToArray();
    }

    public static byte[] Of(in ForwardedReply reply)
    {
        var buffer = new SendBuffer();
        buffer.TryAdd(reply).ShouldBeTrue();
        return buffer.Take().ToArray();
    }

    /// <summary>Reads a frame that is whole, and the only one.</summary>
    public static Frame Read(ReadOnlySpan<byte> octets)
    {
        NodeFrame.TryTake(octets, out var message, out var size).ShouldBeTrue();
        size.ShouldBe(octets.Length);
        return NodeFrame.Read(message);
    }
}
