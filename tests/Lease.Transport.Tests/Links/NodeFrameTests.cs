using Lease.Kernel.IO;
using Lease.Transport.Links;

namespace Lease.Transport.Tests.Links;

/// <summary>The frames on the wire, octet by octet.</summary>
public sealed class NodeFrameTests
{
    private static readonly UdpEndpoint Client = new(new UInt128(0xfe80000000000000, 0x0123456789abcdef), 546, 7);

    private static readonly byte[] Address = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

    private static readonly byte[] PacketFrame = [0, 0, 0, 35, 1, 9, 0x12, 0x34, 1, .. Address, 0x02, 0x22, 0, 0, 0, 7, 4, .. "eth0"u8, 5, 6, 7];

    private static readonly byte[] ReplyFrame = [0, 0, 0, 28, 2, 0x12, 0x34, .. Address, 0x02, 0x22, 0, 0, 0, 7, 5, 6, 7];

    [Fact]
    public void A_packet_is_written_and_read()
    {
        Frame(new ForwardedPacket(9, 0x1234, isMulticast: true, Client, "eth0"u8, [5, 6, 7])).ShouldBe(PacketFrame);
        NodeFrame.TryTake(PacketFrame, out var kind, out var body, out var size).ShouldBeTrue();
        (kind, size).ShouldBe((NodeFrame.Packet, PacketFrame.Length));
        ForwardedPacket.TryRead(body, out var packet).ShouldBeTrue();
        (packet.Service, packet.Channel, packet.IsMulticast, packet.Source).ShouldBe(((byte)9, (ushort)0x1234, true, Client));
        packet.InterfaceName.ToArray().ShouldBe("eth0"u8.ToArray());
        packet.Data.ToArray().ShouldBe([5, 6, 7]);
    }

    [Fact]
    public void A_reply_is_written_and_read()
    {
        Frame(new ForwardedReply(0x1234, Client, [5, 6, 7])).ShouldBe(ReplyFrame);
        NodeFrame.TryTake(ReplyFrame, out var kind, out var body, out var size).ShouldBeTrue();
        (kind, size).ShouldBe((NodeFrame.Reply, ReplyFrame.Length));
        ForwardedReply.TryRead(body, out var reply).ShouldBeTrue();
        (reply.Channel, reply.Destination).ShouldBe(((ushort)0x1234, Client));
        reply.Data.ToArray().ShouldBe([5, 6, 7]);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1500)]
    [InlineData(15, 0)]
    [InlineData(255, 65_535)]
    public void Every_size_that_can_be_comes_back_as_it_was(int nameLength, int dataLength)
    {
        var (name, data) = (new byte[nameLength], new byte[dataLength]);
        Random.Shared.NextBytes(name);
        Random.Shared.NextBytes(data);
        NodeFrame.TryTake(Frame(new ForwardedPacket(0, ushort.MaxValue, isMulticast: false, default, name, data)), out _, out var body, out _).ShouldBeTrue();
        ForwardedPacket.TryRead(body, out var packet).ShouldBeTrue();
        (packet.Channel, packet.IsMulticast).ShouldBe((ushort.MaxValue, false));
        packet.InterfaceName.SequenceEqual(name).ShouldBeTrue();
        packet.Data.SequenceEqual(data).ShouldBeTrue();
        NodeFrame.TryTake(Frame(new ForwardedReply(0, default, data)), out _, out body, out _).ShouldBeTrue();
        ForwardedReply.TryRead(body, out var reply).ShouldBeTrue();
        reply.Data.SequenceEqual(data).ShouldBeTrue();
    }

    [Fact]
    public void A_frame_that_is_not_whole_yet_is_waited_for()
    {
        for (var length = 0; length < PacketFrame.Length; length++)
            NodeFrame.TryTake(PacketFrame.AsSpan(0, length), out _, out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void Every_truncation_in_front_of_the_datagram_is_seen()
    {
        var packet = PacketFrame.AsSpan(NodeFrame.HeaderSize);
        for (var length = 0; length < packet.Length; length++)
            ForwardedPacket.TryRead(packet[..length], out _).ShouldBe(length >= packet.Length - 3);
        var reply = ReplyFrame.AsSpan(NodeFrame.HeaderSize);
        for (var length = 0; length < reply.Length; length++)
            ForwardedReply.TryRead(reply[..length], out _).ShouldBe(length >= reply.Length - 3);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(NodeFrame.MaxLength + 1u)]
    [InlineData(0x80000000u)]
    [InlineData(uint.MaxValue)]
    public void A_length_that_cannot_be_is_seen_at_once(uint length)
    {
        byte[] received = [(byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length];
        Should.Throw<InvalidDataException>(() => NodeFrame.TryTake(received, out _, out _, out _)).Message.ShouldContain($"{length}");
    }

    [Fact]
    public void A_name_that_does_not_fit_is_refused()
        => Should.Throw<ArgumentOutOfRangeException>(static () => new ForwardedPacket(0, 0, isMulticast: false, default, new byte[256], []).FrameSize);

    private static byte[] Frame<TFrame>(in TFrame frame)
        where TFrame : INodeFrame, allows ref struct
    {
        var octets = new byte[frame.FrameSize];
        frame.WriteFrame(octets);
        return octets;
    }
}
