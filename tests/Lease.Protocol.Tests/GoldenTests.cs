using Lease.Protocol.Dhcp6;

namespace Lease.Protocol.Tests;

public sealed class GoldenTests
{
    public static TheoryData<string> All => [.. Golden.Names];

    public static TheoryData<string> WellFormed => [.. Golden.Names.Where(name => !Golden.IsMalformed(name))];

    public static TheoryData<string> Malformed => [.. Golden.Names.Where(Golden.IsMalformed)];

    [Theory]
    [MemberData(nameof(All))]
    public void Dump_is_as_expected(string name)
    {
        var dump = PacketDump.Describe(Golden.Packet(name));
        if (Environment.GetEnvironmentVariable("LEASE_GOLDEN_WRITE") == "1")
            File.WriteAllText(Golden.DumpPath(name), dump);
        dump.ShouldBe(File.ReadAllText(Golden.DumpPath(name)));
    }

    [Theory]
    [MemberData(nameof(WellFormed))]
    public void Well_formed_packet_is_accepted_and_encodes_to_the_same_octets(string name)
    {
        var packet = Golden.Packet(name);
        TryRead(packet, out var defect).ShouldBeTrue(defect.ToString());
        Convert.ToHexString(Reencoder.Reencode(packet)).ShouldBe(Convert.ToHexString(packet));
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Malformed_packet_is_refused_with_its_place(string name)
    {
        var packet = Golden.Packet(name);
        TryRead(packet, out var defect).ShouldBeFalse();
        defect.IsDefect.ShouldBeTrue();
        defect.Offset.ShouldBeInRange(0, packet.Length);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Packet_cut_anywhere_is_read_or_refused_without_an_exception(string name)
    {
        var packet = Golden.Packet(name);
        for (var length = 0; length < packet.Length; length++)
        {
            var cut = packet.AsSpan(0, length).ToArray();
            if (!TryRead(cut, out var defect))
                defect.Offset.ShouldBeInRange(0, length);
            PacketDump.Describe(cut).ShouldNotBeEmpty();
            Reencoder.Reencode(cut).Length.ShouldBe(length);
        }
    }

    [Fact]
    public void Every_message_type_has_a_packet()
    {
        var there = Golden.Names.Where(name => !Golden.IsMalformed(name)).Select(name => (MessageType)Golden.Packet(name)[0]).ToHashSet();
        Enum.GetValues<MessageType>().Where(type => !there.Contains(type)).ShouldBeEmpty();
    }

    internal static bool TryRead(ReadOnlySpan<byte> packet, out Malformed defect)
    {
        var type = packet.Length > 0 && packet[0] == (byte)MessageType.RelayReply ? MessageType.RelayReply : MessageType.RelayForward;
        return RelayChain.TryUnwrap(packet, out var chain, out defect, type)
            && Dhcp6Message.TryRead(chain.Message(packet), chain.MessageStart, out _, out defect);
    }
}
