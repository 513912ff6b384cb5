using System.Globalization;
using Lease.Protocol.Dhcp6;

namespace Lease.Protocol.Tests;

public sealed class FuzzTests
{
    private const int Seed = 8415;

    // Values that lengths, counts and codes go wrong with.
    private static readonly byte[] Nasty = [0, 1, 2, 3, 4, 12, 13, 25, 26, 45, 47, 64, 89, 127, 128, 129, 130, 131, 254, 255];

    private static readonly int Iterations = int.TryParse(
        Environment.GetEnvironmentVariable("LEASE_FUZZ_ITERATIONS"), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) ? wanted : 300_000;

    [Fact]
    public void Mutated_packets_are_read_or_refused_without_an_exception()
    {
        var seeds = Golden.Names.Select(Golden.Packet).ToArray();
        var random = new Random(Seed);
        for (var i = 0; i < Iterations; i++)
        {
            var packet = Mutate(seeds[random.Next(seeds.Length)], seeds, random);
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

    private static void Exercise(byte[] packet, bool withText)
    {
        var accepted = GoldenTests.TryRead(packet, out var defect);
        accepted.ShouldBe(!defect.IsDefect);
        if (!accepted && (defect.Offset < 0 || defect.Offset > packet.Length))
            throw new InvalidOperationException($"offset {defect.Offset} of {packet.Length}");
        if (accepted)
            Judge(packet);
        if (Reencoder.Reencode(packet).Length != packet.Length)
            throw new InvalidOperationException("not encoded to the same length");
        if (withText && PacketDump.Describe(packet).Length > 100_000)
            throw new InvalidOperationException("too long a text");
    }

    private static void Judge(byte[] packet)
    {
        RelayChain.TryUnwrap(packet, out var chain, out _);
        for (var hop = 0; hop < chain.Hops; hop++)
            chain.Hop(packet, hop).Options.Contains(OptionCode.RelayMessage).ShouldBeTrue();
        if (!Dhcp6Message.TryRead(chain.Message(packet), chain.MessageStart, out var message, out _))
            return;
        MessageValidation.Check(message, Wire.ServerDuid);
        MessageValidation.CheckLeaseQuery(message, Wire.ServerDuid);
        MessageValidation.CheckFromServer(message, Wire.ClientDuid);
    }

    private static byte[] Mutate(byte[] seed, byte[][] seeds, Random random)
    {
        // Most changes keep the length: a packet whose lengths are wrong is refused early, and what lies behind is not reached.
        var packet = (byte[])seed.Clone();
        for (var changes = random.Next(1, 5); changes > 0 && packet.Length > 0; changes--)
        {
            var place = random.Next(packet.Length);
            switch (random.Next(16))
            {
                case < 5:
                    packet[place] ^= (byte)(1 << random.Next(8));
                    break;
                case < 10:
                    packet[place] = Nasty[random.Next(Nasty.Length)];
                    break;
                case < 12:
                    packet[place] = (byte)random.Next(256);
                    break;
                case 12:
                    packet = packet[..place];
                    break;
                case 13:
                    packet = [.. packet[..place], .. packet[Math.Min(packet.Length, place + random.Next(1, 9))..]];
                    break;
                case 14:
                    packet = [.. packet[..place], .. packet[place..Math.Min(packet.Length, place + random.Next(1, 40))], .. packet[place..]];
                    break;
                default:
                    var other = seeds[random.Next(seeds.Length)];
                    packet = [.. packet[..place], .. other[random.Next(other.Length)..]];
                    break;
            }
        }

        return packet;
    }
}
