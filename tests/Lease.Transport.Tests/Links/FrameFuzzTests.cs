using System.Buffers.Binary;
using System.Globalization;
using Lease.Kernel.IO;
using Lease.Transport.Links;

namespace Lease.Transport.Tests.Links;

/// <summary>Frames with changes at random places: they are read or refused for a reason, at a bounded cost.</summary>
public sealed class FrameFuzzTests
{
    private const int Seed = 3315;

    // Values that lengths and tags go wrong with.
    private static readonly byte[] Nasty = [0, 1, 2, 3, 4, 7, 8, 0x0a, 0x0b, 0x0c, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x4b, 0x4c, 0x4d, 127, 128, 129, 254, 255];

    private static readonly int Iterations = int.TryParse(
        Environment.GetEnvironmentVariable("LEASE_FUZZ_ITERATIONS"), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) ? wanted : 200_000;

    private static readonly UdpEndpoint Client = new(new UInt128(0xfe80000000000000, 0x0123456789abcdef), 546, 7);

    private static readonly byte[][] Seeds =
    [
        Frames.Of(new ForwardedPacket(ForwardedService.Dhcp6, 3, isMulticast: true, Client, "eth0", [1, 2, 3, 4, 5, 6, 7, 8])),
        Frames.Of(new ForwardedPacket(ForwardedService.BehindOther, ushort.MaxValue, isMulticast: false, default, "", [])),
        Frames.Of(new ForwardedPacket(ForwardedService.Dhcp6, 0, isMulticast: true, Client, "a-longer-name", new byte[300])),
        Frames.Of(new ForwardedReply(3, Client, [1, 2, 3, 4, 5, 6, 7, 8])),
        Frames.Of(new ForwardedReply(0, default, new byte[300])),
    ];

    [Fact]
    public void Mutated_frames_are_read_or_refused_for_a_reason()
    {
        var random = new Random(Seed);
        var (read, refused) = (0, new int[Enum.GetValues<FrameDefect>().Length]);
        for (var i = 0; i < Iterations; i++)
        {
            var octets = Mutate(random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read += Exercise(octets);
            }
            catch (MalformedFrameException e)
            {
                refused[(int)e.Defect]++;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"iteration {i}: {Convert.ToHexString(octets)}", e);
            }

            // An exception has its text and its stack.
            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(100_000 + (100L * octets.Length), Convert.ToHexString(octets));
        }

        // All of it was reached.
        read.ShouldBeGreaterThan(Iterations / 20);
        foreach (var defect in new[] { FrameDefect.Length, FrameDefect.Encoding, FrameDefect.Value })
            refused[(int)defect].ShouldBeGreaterThan(Iterations / 1000, $"{defect}");
    }

    [Fact]
    public async Task Mutated_frames_cost_a_node_the_link_and_nothing_else()
    {
        using var authority = new TestAuthority();
        using var node = new TestNode(authority.Issue("node"), "node") { IsDeaf = true };
        var peer = authority.Issue("peer");
        var random = new Random(Seed);
        for (var i = 1; i <= 50; i++)
        {
            await using var intruder = await Intruder.ConnectAsync(node, peer);
            for (var frames = 0; frames < 20; frames++)
                await intruder.SayAsync(Mutate(random));
            intruder.FinishWriting();
            await intruder.ClosedAsync();
            (await node.LoggedAsync("link from peer", "closed: ")).ShouldNotContain("reading failed");
        }

        node.Counters.Opened.ShouldBe(50);
        node.Counters.Malformed.ShouldBeInRange(25, 50);
        using var other = new TestNode(peer, "other");
        other.Send(node.Address, 1).ShouldBeTrue();
        await node.LoggedAsync("link from other", "is open");
    }

    // What is read is written as it was understood.
    private static int Exercise(ReadOnlySpan<byte> octets)
    {
        var read = 0;
        while (NodeFrame.TryTake(octets, out var message, out var size))
        {
            var frame = NodeFrame.Read(message);
            if (frame.Packet is not null && ForwardedPacket.TryRead(frame.Packet, out var packet))
            {
                ForwardedPacket.TryRead(Frames.Read(Frames.Of(packet)).Packet, out var again).ShouldBeTrue();
                (again.Service, again.Channel, again.IsMulticast, again.Source, again.InterfaceName)
                    .ShouldBe((packet.Service, packet.Channel, packet.IsMulticast, packet.Source, packet.InterfaceName));
                again.Data.SequenceEqual(packet.Data).ShouldBeTrue();
            }
            else if (frame.Reply is not null)
            {
                var reply = ForwardedReply.Read(frame.Reply);
                var again = ForwardedReply.Read(Frames.Read(Frames.Of(reply)).Reply);
                (again.Channel, again.Destination).ShouldBe((reply.Channel, reply.Destination));
                again.Data.SequenceEqual(reply.Data).ShouldBeTrue();
            }

            octets = octets[size..];
            read++;
        }

        return read;
    }

    private static byte[] Mutate(Random random)
    {
        var octets = (byte[])Seeds[random.Next(Seeds.Length)].Clone();
        for (var changes = random.Next(1, 4); changes > 0 && octets.Length > NodeFrame.HeaderSize; changes--)
        {
            var place = random.Next(octets.Length);
            switch (random.Next(12))
            {
                case < 4:
                    octets[place] ^= (byte)(1 << random.Next(8));
                    break;
                case < 8:
                    octets[place] = Nasty[random.Next(Nasty.Length)];
                    break;
                case 8:
                    octets = octets[..place];
                    break;
                case 9:
                    octets = [.. octets[..place], .. octets[random.Next(octets.Length)..]];
                    break;
                default:
                    octets = [.. octets[..place], Nasty[random.Next(Nasty.Length)], .. octets[place..]];
                    break;
            }
        }

        // Mostly a whole frame: else its message is not reached.
        if (octets.Length > NodeFrame.HeaderSize && random.Next(8) > 0)
            BinaryPrimitives.WriteInt32BigEndian(octets, octets.Length - NodeFrame.HeaderSize);
        return octets;
    }
}
