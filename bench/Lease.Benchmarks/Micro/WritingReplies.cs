using BenchmarkDotNet.Attributes;
using Lease.Actors.Bindings;
using Lease.Actors.Dhcp6;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Tests;

namespace Lease.Benchmarks.Micro;

/// <summary>A REPLY with an address, a prefix and configured options, for a direct client and through relays.</summary>
[MemoryDiagnoser]
public class WritingReplies
{
    private readonly byte[] buffer = new byte[1500];
    private readonly Dhcp6Settings settings = ServedNetwork.Settings(subnets: 1);
    private readonly Answer answer = new() { Type = MessageType.Reply, WithOptions = true };
    private byte[] packet = [];
    private RelayChain chain;

    [Params("request-dhclient", "relay-forw-two-hops")]
    public string Request { get; set; } = "";

    [GlobalSetup]
    public void Prepare()
    {
        packet = Golden.Packet(Request);
        RelayChain.TryUnwrap(packet, out chain, out _);
        var prefix = ServedNetwork.PrefixOn(0, 5);
        Add(IaKind.NonTemporary, new LeaseKey(ServedNetwork.AddressOn(0, 5).Value, 128));
        Add(IaKind.PrefixDelegation, new LeaseKey(prefix.Address.Value, prefix.Length));
    }

    [Benchmark]
    public int Write()
        => ReplyWriter.TryWrite(buffer, packet, chain, settings, settings.Configuration.Links[0].Subnets[0], answer, out var length) ? length : throw new InvalidDataException(Request);

    private void Add(IaKind kind, LeaseKey key)
    {
        var ia = new IaAnswer(kind, 1) { Subnet = settings.Configuration.Links[0].Subnets[0] };
        ia.Leases.Add(new LeaseAnswer(key, 3000, 4000));
        answer.Ias.Add(ia);
    }
}
