using BenchmarkDotNet.Attributes;
using Lease.Actors.Classification;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Tests;

namespace Lease.Benchmarks.Micro;

/// <summary>The classes of a packet through two relays, by ten expressions of which four hold.</summary>
[MemoryDiagnoser]
public class Classification
{
    private static readonly string[] Tests =
    [
        "relay6[0].option[37].exists",
        "relay6[-1].option[37].exists",
        "substring(relay6[-1].option[37].hex, 4, 4) == 'port'",
        "option[15].exists",
        "option[16].exists",
        "pkt6.msgtype == 1",
        "substring(option[1].hex, 0, 2) == 0x0003",
        "relay6[0].linkaddr == 2001:db8:a::1",
        "member('c1') and not member('c3')",
        "option[39].exists",
    ];

    private readonly byte[] packet = Golden.Packet("relay-forw-two-hops");
    private RelayChain chain;

    /// <summary>Gives the classes to those who measure the whole way of a packet.</summary>
    internal static Classifier TenClasses()
    {
        var classes = new List<ClientClass>();
        var scope = new ExpressionScope(IsIpv4: false, static _ => null, name => classes.Find(c => c.Name == name));
        foreach (var test in Tests)
            classes.Add(new ClientClass($"c{classes.Count}") { Test = ExpressionParser.ParseTest(test, scope) });
        return new Classifier(classes);
    }

    private readonly Classifier classifier = TenClasses();

    [GlobalSetup]
    public void Unwrap() => RelayChain.TryUnwrap(packet, out chain, out _);

    [Benchmark]
    public AssignedClasses Classify() => classifier.Classify(new PacketView(packet, chain, "eth0", new Ipv6Address((UInt128)0xfe80 << 112)));
}
