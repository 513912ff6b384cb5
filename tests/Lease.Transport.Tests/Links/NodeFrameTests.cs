using Google.Protobuf;
using Lease.Kernel.IO;
using Lease.Transport.Links;

namespace Lease.Transport.Tests.Links;

/// <summary>The frames on the wire, octet by octet.</summary>
public sealed class NodeFrameTests
{
    private static readonly UdpEndpoint Client = new(new UInt128(0xfe80000000000000, 0x0123456789abcdef), 546, 7);

    // fixed64 has its octets the other way round.
    private static readonly byte[] ClientFields =
        [0x09, 0, 0, 0, 0, 0, 0, 0x80, 0xfe, 0x11, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 0x18, 0xa2, 0x04, 0x20, 7];

    private static readonly byte[] PacketFrame =
        [0, 0, 0, 45, 0x0a, 43, 0x08, 1, 0x10, 0xb4, 0x24, 0x18, 1, 0x22, 23, .. ClientFields, 0x2a, 4, .. "eth0"u8, 0x32, 3, 5, 6, 7];

    private static readonly byte[] ReplyFrame = [0, 0, 0, 35, 0x12, 33, 0x08, 0xb4, 0x24, 0x12, 23, .. ClientFields, 0x1a, 3, 5, 6, 7];

    [Fact]
    public void A_packet_is_written_and_read()
    {
        Frames.Of(new ForwardedPacket(ForwardedService.Dhcp6, 0x1234, isMulticast: true, Client, "eth0", [5, 6, 7])).ShouldBe(PacketFrame);
        ForwardedPacket.TryRead(Frames.Read(PacketFrame).Packet, out var packet).ShouldBeTrue();
        (packet.Service, packet.Channel, packet.IsMulticast, packet.Source).ShouldBe((ForwardedService.Dhcp6, (ushort)0x1234, true, Client));
        packet.InterfaceName.ShouldBe("eth0");
        packet.Data.ToArray().ShouldBe([5, 6, 7]);
    }

    [Fact]
    public void A_reply_is_written_and_read()
    {
        Frames.Of(new ForwardedReply(0x1234, Client, [5, 6, 7])).ShouldBe(ReplyFrame);
        var reply = ForwardedReply.Read(Frames.Read(ReplyFrame).Reply);
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
        var (name, data) = (new string('\u20ac', nameLength), new byte[dataLength]);
        Random.Shared.NextBytes(data);
        var message = Frames.Read(Frames.Of(new ForwardedPacket(ForwardedService.BehindOther, ushort.MaxValue, isMulticast: false, default, name, data))).Packet;
        ForwardedPacket.TryRead(message, out var packet).ShouldBeTrue();
        (packet.Service, packet.Channel, packet.IsMulticast, packet.InterfaceName).ShouldBe((ForwardedService.BehindOther, ushort.MaxValue, false, name));
        packet.Data.SequenceEqual(data).ShouldBeTrue();
        ForwardedReply.Read(Frames.Read(Frames.Of(new ForwardedReply(0, default, data))).Reply).Data.SequenceEqual(data).ShouldBeTrue();
    }

    [Fact]
    public void Nothing_of_a_frame_is_in_the_next()
    {
        var buffer = new SendBuffer();
        buffer.TryAdd(new ForwardedPacket(ForwardedService.BehindOther, 9, isMulticast: true, Client, "a longer name", new byte[500]));
        buffer.TryAdd(new ForwardedReply(9, Client, new byte[500]));
        buffer.Take();
        buffer.TryAdd(new ForwardedPacket(ForwardedService.Dhcp6, 0, isMulticast: false, default, "", []));
        buffer.Take().ToArray().ShouldBe(new byte[] { 0, 0, 0, 6, 0x0a, 4, 0x08, 1, 0x22, 0 });
        buffer.TryAdd(new ForwardedReply(0, default, []));
        buffer.Take().ToArray().ShouldBe(new byte[] { 0, 0, 0, 4, 0x12, 2, 0x12, 0 });
    }

    [Fact]
    public void A_frame_that_is_not_whole_yet_is_waited_for()
    {
        for (var length = 0; length < PacketFrame.Length; length++)
            NodeFrame.TryTake(PacketFrame.AsSpan(0, length), out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void Every_truncation_is_seen()
    {
        foreach (var whole in new[] { PacketFrame, ReplyFrame })
        {
            for (var length = 1; length < whole.Length - NodeFrame.HeaderSize; length++)
                DefectOf(whole.AsSpan(NodeFrame.HeaderSize, length)).ShouldBe(FrameDefect.Encoding);
        }
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(NodeFrame.MaxLength + 1u)]
    [InlineData(0x80000000u)]
    [InlineData(uint.MaxValue)]
    public void A_length_that_cannot_be_is_seen_at_once(uint length)
    {
        byte[] received = [(byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length];
        var e = Should.Throw<MalformedFrameException>(() => NodeFrame.TryTake(received, out _, out _));
        (e.Defect, e.Message).ShouldBe((FrameDefect.Length, $"a frame of {length} octets"));
    }

    [Fact]
    public void A_value_that_cannot_be_is_seen()
    {
        var good = new Endpoint { Port = 546 };
        Packet[] packets =
        [
            new() { Service = Service.Dhcp6 },
            new() { Service = Service.Dhcp6, Source = new Endpoint { Port = 65_536 } },
            new() { Service = Service.Dhcp6, Source = good, Channel = 65_536 },
            new() { Service = Service.Dhcp6, Source = good, InterfaceName = new string('n', 256) },
        ];
        foreach (var packet in packets)
            Should.Throw<MalformedFrameException>(() => ForwardedPacket.TryRead(packet, out _)).Defect.ShouldBe(FrameDefect.Value);
        Reply[] replies = [new(), new() { Destination = new Endpoint { Port = uint.MaxValue } }, new() { Destination = good, Channel = 65_536 }];
        foreach (var reply in replies)
            Should.Throw<MalformedFrameException>(() => ForwardedReply.Read(reply)).Defect.ShouldBe(FrameDefect.Value);
    }

    [Fact]
    public void Fields_of_a_newer_version_are_passed_over_and_those_that_are_missing_have_their_default()
    {
        // Field 5 in the endpoint, field 100 in the packet, field 15 in the frame.
        byte[] message = [0x0a, 14, 0x22, 4, 0x18, 5, 0x28, 1, 0x08, 2, 0xa2, 0x06, 3, 1, 2, 3, 0x7a, 1, 9];
        ForwardedPacket.TryRead(NodeFrame.Read(message).Packet, out var packet).ShouldBeTrue();
        (packet.Service, packet.Channel, packet.IsMulticast, packet.Source).ShouldBe((ForwardedService.BehindOther, (ushort)0, false, new UdpEndpoint(0, 5, 0)));
        (packet.InterfaceName, packet.Data.Length).ShouldBe(("", 0));
    }

    [Fact]
    public void A_service_of_a_newer_version_is_none_for_this_one()
    {
        foreach (var service in new[] { Service.Unspecified, (Service)3, (Service)(-1) })
            ForwardedPacket.TryRead(new Packet { Service = service, Source = new Endpoint() }, out _).ShouldBeFalse();
    }

    [Fact]
    public void A_frame_that_goes_deep_ends_soon()
    {
        var groups = new byte[NodeFrame.MaxLength];
        groups.AsSpan().Fill(0x4b);
        DefectOf(groups).ShouldBe(FrameDefect.Encoding);
    }

    [Fact]
    public void What_is_not_known_takes_no_memory()
    {
        // Each of them is a field of its own.
        var message = new byte[NodeFrame.MaxLength];
        var output = new CodedOutputStream(message);
        for (var field = 1000; output.SpaceLeft > 10; field++)
        {
            output.WriteTag(field, WireFormat.WireType.Varint);
            output.WriteUInt32(1);
        }

        message = message[..(int)output.Position];
        NodeFrame.Read(message);
        var before = GC.GetAllocatedBytesForCurrentThread();
        NodeFrame.Read(message).KindCase.ShouldBe(Frame.KindOneofCase.None);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(NodeFrame.MaxLength / 2);
    }

    [Fact]
    public void A_name_that_does_not_fit_is_refused()
        => Should.Throw<ArgumentOutOfRangeException>(static () => new ForwardedPacket(ForwardedService.Dhcp6, 0, isMulticast: false, default, new string('n', 256), []).Channel);

    private static FrameDefect? DefectOf(ReadOnlySpan<byte> message)
    {
        try
        {
            NodeFrame.Read(message);
            return null;
        }
        catch (MalformedFrameException e)
        {
            return e.Defect;
        }
    }
}
