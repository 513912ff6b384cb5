using FsCheck.Fluent;
using Lease.Protocol.Dhcp6;
using static Lease.Protocol.Tests.Wire;

namespace Lease.Protocol.Tests;

public sealed class WriterTests
{
    private const byte Canary = 0xa5;

    [Fact]
    public void Writer_overflows_instead_of_writing_beyond_its_end() => ForAll(Pairs(Gen.Choose(0, 400).ToArbitrary(), Octets), sample =>
    {
        var (room, script) = sample;
        var needed = Play(new byte[100_000], script, out _);
        var memory = new byte[room + 64];
        Array.Fill(memory, Canary);
        var length = Play(memory.AsSpan(32, room), script, out var overflowed);
        overflowed.ShouldBe(needed > room);
        length.ShouldBeLessThanOrEqualTo(room);
        memory[..32].ShouldAllBe(octet => octet == Canary);
        memory[(32 + room)..].ShouldAllBe(octet => octet == Canary);
    });

    [Fact]
    public void Option_over_65535_octets_overflows()
    {
        var writer = new Dhcp6Writer(new byte[70_000]);
        writer.Option(OptionCode.InterfaceId, new byte[65_535]);
        writer.Overflowed.ShouldBeFalse();
        writer = new Dhcp6Writer(new byte[70_000]);
        writer.Option(OptionCode.InterfaceId, new byte[65_536]);
        writer.Overflowed.ShouldBeTrue();
    }

    [Fact]
    public void Element_over_65535_octets_overflows()
    {
        var writer = new Dhcp6Writer(new byte[140_000]);
        Dhcp6.Options.ElementList.WriteElement(ref writer, new byte[65_536]);
        writer.Overflowed.ShouldBeTrue();
    }

    [Fact]
    public void Nothing_is_written_after_an_overflow()
    {
        var writer = new Dhcp6Writer(new byte[5]);
        writer.U32(1);
        writer.U16(2);
        writer.U8(3);
        writer.Overflowed.ShouldBeTrue();
        writer.Written.ToArray().ShouldBe([0, 0, 0, 1]);
    }

    [Fact]
    public void Rewind_takes_back_what_was_written()
        => Written((ref writer) =>
        {
            writer.U16(1);
            var start = writer.Length;
            writer.BeginOption(OptionCode.IaNa);
            writer.Rewind(start);
            writer.U8(9);
        }).ShouldBe([0, 1, 9]);

    [Fact]
    public void Options_of_numbers_and_addresses_are_written_in_network_order()
    {
        Ipv6Address.TryParse("2001:db8::1", out var address).ShouldBeTrue();
        var octets = Written((ref writer) =>
        {
            writer.OptionU8(OptionCode.Preference, 0xfe);
            writer.OptionU16(OptionCode.ElapsedTime, 0x1234);
            writer.OptionU32(OptionCode.CltTime, 0x12345678);
            writer.OptionAddresses(OptionCode.DnsServers, [address]);
        });
        Convert.ToHexString(octets).ShouldBe("00070001FE" + "000800021234" + "002E000412345678" + "0017001020010DB8000000000000000000000001");
    }

    // Each octet of the script is a thing to write; nothing may matter for what is out of bounds but the room.
    private static int Play(Span<byte> buffer, byte[] script, out bool overflowed)
    {
        var writer = new Dhcp6Writer(buffer);
        var marks = new Stack<int>();
        foreach (var step in script)
        {
            switch (step % 9)
            {
                case 0: writer.U8(step); break;
                case 1: writer.U16(step); break;
                case 2: writer.U32(step); break;
                case 3: writer.Address(new Ipv6Address(step)); break;
                case 4: writer.Octets(new byte[step]); break;
                case 5: marks.Push(writer.BeginOption((OptionCode)step)); break;
                case 6: writer.Option((OptionCode)step, new byte[step / 8]); break;
                case 7: writer.OptionU32((OptionCode)step, step); break;
                case 8 when marks.Count > 0: writer.EndOption(marks.Pop()); break;
                default: break;
            }
        }

        overflowed = writer.Overflowed;
        return writer.Length;
    }
}
