using BenchmarkDotNet.Attributes;
using Lease.Actors.Dhcp6;
using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Benchmarks.Micro;

/// <summary>Finding a client's subnet, the one in the middle of the file.</summary>
[MemoryDiagnoser]
public class SubnetSelection
{
    private SubnetSelector selector = null!;
    private Ipv6Address client;
    private (byte[] Packet, RelayChain Chain) byLinkAddress;
    private (byte[] Packet, RelayChain Chain) byInterfaceId;

    [Params(10, 10_000)]
    public int Subnets { get; set; }

    [GlobalSetup]
    public void Configure()
    {
        selector = ServedNetwork.Settings(Subnets).Selector;
        var middle = Subnets / 2;
        client = ServedNetwork.AddressOn(middle, 7);
        byLinkAddress = Relayed(ServedNetwork.AddressOn(middle, 1));
        byInterfaceId = Relayed(default, (OptionCode.InterfaceId, ServedNetwork.InterfaceIdOf(middle)));
    }

    [Benchmark]
    public bool RelaysLinkAddress() => selector.TrySelectRelayed(byLinkAddress.Packet, byLinkAddress.Chain, classes: null, out _, out _);

    [Benchmark]
    public bool RelaysInterfaceId() => selector.TrySelectRelayed(byInterfaceId.Packet, byInterfaceId.Chain, classes: null, out _, out _);

    [Benchmark]
    public bool ClientsAddress() => selector.TrySelectDirect("eth1", client, classes: null, out _, out _);

    private static (byte[] Packet, RelayChain Chain) Relayed(Ipv6Address linkAddress, params (OptionCode Code, byte[] Data)[] options)
    {
        var buffer = new byte[200];
        var solicit = new ClientRequest { Type = MessageType.Solicit, ClientId = FillCommand.DuidOf(1), Relays = [new RelayHop(linkAddress, default, options)] };
        var packet = buffer[..solicit.Write(buffer)];
        RelayChain.TryUnwrap(packet, out var chain, out _);
        return (packet, chain);
    }
}
