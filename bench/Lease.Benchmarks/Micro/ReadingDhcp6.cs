using BenchmarkDotNet.Attributes;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Tests;

namespace Lease.Benchmarks.Micro;

/// <summary>From a datagram's octets to a message that has been judged: relays, options, RFC 8415 section 16. Packets of tests/golden.</summary>
[MemoryDiagnoser]
public class ReadingDhcp6
{
    private byte[] packet = [];

    [Params("solicit-dhclient", "request-dhclient", "relay-forw-perfdhcp", "relay-forw-two-hops")]
    public string Packet { get; set; } = "";

    [GlobalSetup]
    public void Load() => packet = Golden.Packet(Packet);

    [Benchmark]
    public Validity Read()
    {
        if (!RelayChain.TryUnwrap(packet, out var chain, out _) || !Dhcp6Message.TryRead(chain.Message(packet), chain.MessageStart, out var message, out _))
            throw new InvalidDataException(Packet);
        return MessageValidation.Check(message, ServedNetwork.ServerDuid);
    }
}
