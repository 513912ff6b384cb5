using System.Globalization;
using FsCheck.Fluent;
using Lease.Protocol.Dhcp4;
using static Lease.Protocol.Tests.Wire;

namespace Lease.Protocol.Tests.Dhcp4;

/// <summary>Properties of writing and reading, mutated messages, and what it costs.</summary>
public sealed class Dhcp4CodecTests
{
    private static readonly int Iterations = int.TryParse(
        Environment.GetEnvironmentVariable("LEASE_FUZZ_ITERATIONS"), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) ? wanted : 300_000;

    [Fact]
    public void Options_of_any_length_read_as_written() => ForAll(Triples(Numbers, Numbers, Numbers), sample =>
    {
        var random = new Random((int)(sample.Item1 ^ sample.Item2));
        var data = new byte[sample.Item3 % 1500];
        random.NextBytes(data);
        var writer = new Dhcp4Writer(new byte[4000]);
        writer.Header(new Dhcp4Header { Operation = BootpOperation.Reply, TransactionId = sample.Item1, ClientAddress = new Ipv4Address(sample.Item2) });
        writer.Option((Dhcp4OptionCode)224, data);
        writer.OptionU32(Dhcp4OptionCode.LeaseTime, sample.Item2);
        writer.End();
        Dhcp4Message.TryRead(writer.Written, 0, out var read, out var defect).ShouldBeTrue(defect.ToString());
        (read.TransactionId, read.ClientAddress.Value).ShouldBe((sample.Item1, sample.Item2));
        read.Options.TryGetWhole((Dhcp4OptionCode)224, new byte[1500], out var whole).ShouldBeTrue();
        whole.SequenceEqual(data).ShouldBeTrue();
        read.Options.TryGetNumber(Dhcp4OptionCode.LeaseTime, out var number).ShouldBeTrue();
        number.ShouldBe(sample.Item2);
    });

    [Fact]
    public void Port_parameters_read_as_written_and_their_ranges_share_the_ports_out() => ForAll(Triples(Numbers, Numbers, Numbers), sample =>
    {
        var offset = (byte)(sample.Item1 % 10);
        var length = (byte)(sample.Item2 % (7 - Math.Min(6, (uint)offset)) + 1);
        var ports = new PortParameters(offset, length, (ushort)(sample.Item3 % (1u << length)));
        Span<byte> data = stackalloc byte[PortParameters.Size];
        ports.Write(data);
        PortParameters.TryRead(data, out var read).ShouldBeTrue();
        read.ShouldBe(ports);
    });

    [Theory]
    [InlineData(6, 8)]
    [InlineData(0, 4)]
    [InlineData(4, 12)]
    [InlineData(1, 1)]
    public void The_port_sets_of_an_address_do_not_overlap_and_leave_out_only_the_offsets_first_ports(byte offset, byte length)
    {
        var owners = new int[65_536];
        for (var psid = 0; psid < 1 << length; psid++)
        {
            foreach (var (first, last) in new PortParameters(offset, length, (ushort)psid).Ranges())
            {
                for (var port = (int)first; port <= last; port++)
                    owners[port]++;
            }
        }

        var excluded = offset == 0 ? 0 : 1 << (16 - offset);
        owners[..excluded].ShouldAllBe(static count => count == 0);
        owners[excluded..].ShouldAllBe(static count => count == 1);
    }

    [Fact]
    public void RFC_7597s_example_has_its_ports()
    {
        // Appendix A, example 1: offset 6, PSID length 8, PSID 0x34: 1232 to 1235, 2256 to 2259, ...
        var ranges = new PortParameters(6, 8, 0x34).Ranges().ToList();
        ranges.Count.ShouldBe(63);
        ranges[0].ShouldBe(((ushort)1232, (ushort)1235));
        ranges[1].ShouldBe(((ushort)2256, (ushort)2259));
        ranges[^1].ShouldBe(((ushort)64720, (ushort)64723));
    }

    [Fact]
    public void A_writer_never_goes_over_its_end_and_keeps_room_for_the_end_option()
    {
        for (var size = 0; size < 300; size++)
        {
            var buffer = new byte[size + 8];
            var writer = new Dhcp4Writer(buffer.AsSpan(0, size));
            writer.Header(new Dhcp4Header { Operation = BootpOperation.Request });
            writer.Option(Dhcp4OptionCode.HostName, "a-name"u8);
            writer.Option(Dhcp4OptionCode.VendorClass, new byte[30]);
            writer.Option(Dhcp4OptionCode.RapidCommit, []);
            writer.End();
            buffer[size..].ShouldAllBe(static octet => octet == 0);
            if (size >= Dhcp4Message.HeaderSize + 5)
                Dhcp4Message.TryRead(writer.Written, 0, out _, out _).ShouldBeTrue();
            writer.Overflowed.ShouldBe(size < Dhcp4Message.HeaderSize + 4 + 8 + 32 + 2 + 1);
        }
    }

    [Fact]
    public void An_identifier_of_RFC_4361_holds_its_DUID()
    {
        ClientIdentifier.TryGetDuid(ClientIdentifier.Make(7, [0, 3, 0, 1, 9]), out var duid).ShouldBeTrue();
        duid.ToArray().ShouldBe([0, 3, 0, 1, 9]);
        ClientIdentifier.TryGetDuid([1, 2, 0, 0, 0, 0, 1], out _).ShouldBeFalse();
        ClientIdentifier.TryGetDuid([255, 0, 0, 0, 1], out _).ShouldBeFalse();
        ClientIdentifier.TryGetDuid([], out _).ShouldBeFalse();
    }

    [Fact]
    public void Mutated_messages_are_read_or_refused_without_an_exception()
    {
        byte[] nasty = [0, 1, 2, 3, 4, 52, 53, 55, 61, 82, 109, 159, 127, 128, 252, 253, 254, 255];
        var seeds = Golden.Dhcp4Names.Select(Golden.Packet).ToArray();
        var random = new Random(2131);
        for (var i = 0; i < Iterations; i++)
        {
            var packet = (byte[])seeds[random.Next(seeds.Length)].Clone();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                // The options are where it gets interesting.
                var place = random.Next(3) == 0 || packet.Length <= Dhcp4Message.HeaderSize ? random.Next(packet.Length) : random.Next(Dhcp4Message.HeaderSize, packet.Length);
                packet[place] = random.Next(2) == 0 ? nasty[random.Next(nasty.Length)] : (byte)random.Next(256);
            }

            if (random.Next(8) == 0)
                packet = packet[..random.Next(packet.Length)];
            try
            {
                Exercise(packet, withText: i % 8 == 0);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"iteration {i}: {Convert.ToHexString(packet)}", e);
            }
        }
    }

    [Theory]
    [InlineData("dhcp4/discover-dhclient")]
    [InlineData("dhcp4/ack-overloaded")]
    [InlineData("dhcp4/ack-long-option")]
    public void Reading_and_answering_allocate_nothing(string name)
    {
        var packet = Golden.Packet(name);
        var buffer = new byte[1500];
        Answer(packet, buffer);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            Answer(packet, buffer);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private static int Answer(ReadOnlySpan<byte> packet, Span<byte> buffer)
    {
        if (!Dhcp4Message.TryRead(packet, 0, out var message, out _))
            return 0;
        var writer = new Dhcp4Writer(buffer);
        writer.Header(new Dhcp4Header { Operation = BootpOperation.Reply, HardwareType = message.HardwareType, HardwareAddress = message.HardwareAddress, TransactionId = message.TransactionId });
        writer.MessageType(Dhcp4MessageType.Ack);
        foreach (var option in message.Options)
        {
            if (option.Code == Dhcp4OptionCode.ClientId)
                writer.Option(option.Code, option.Data);
        }

        writer.OptionU32(Dhcp4OptionCode.LeaseTime, 4000);
        writer.End();
        return writer.Length;
    }

    private static void Exercise(byte[] packet, bool withText)
    {
        var accepted = Dhcp4Message.TryRead(packet, 0, out var message, out var defect);
        if (accepted == defect.IsDefect || defect.Offset < 0 || defect.Offset > packet.Length)
            throw new InvalidOperationException($"{accepted}: {defect}");
        if (accepted)
        {
            Span<byte> buffer = stackalloc byte[1000];
            var octets = 0;
            foreach (var option in message.Options)
            {
                octets += option.Data.Length;
                message.Options.TryGetWhole(option.Code, buffer, out _);
                new SubOptionList(option.Data).TryGet(RelayAgentSubOption.RemoteId, out _);
                PortParameters.TryRead(option.Data, out _);
            }

            if (octets > packet.Length)
                throw new InvalidOperationException("more in the options than in the message");
        }

        if (withText && Dhcp4Dump.Describe(packet).Length > 100_000)
            throw new InvalidOperationException("too long a text");
    }
}
