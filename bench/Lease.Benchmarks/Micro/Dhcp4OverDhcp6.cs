using BenchmarkDotNet.Attributes;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Tests;

namespace Lease.Benchmarks.Micro;

/// <summary>DHCPv4 messages within DHCPv6 (RFC 7341): a DISCOVER read out of its DHCPV4-QUERY, and the ACK of dhclient's REQUEST written.</summary>
[MemoryDiagnoser]
public class Dhcp4OverDhcp6
{
    private readonly byte[] buffer = new byte[1500];
    private readonly byte[] discover = Golden.Packet("dhcpv4-query");
    private readonly Dhcp4Subnet subnet = SubnetWithRouter();
    private Dhcp4Answer ack = null!;
    private Dhcp4Exchange exchange = null!;

    [GlobalSetup]
    public void Prepare()
    {
        var address = PortSet.ToMapped(new Ipv4Address(0xc000_020a));
        ack = new Dhcp4Answer { Type = Dhcp4MessageType.Ack, Subnet = subnet, Lease = new LeaseKey(address.Value, 128), Valid = 4000 };
        exchange = RequestOf(new Link { Name = "home", Subnets = [subnet] });
    }

    [Benchmark]
    public Dhcp4MessageType Read()
    {
        if (!RelayChain.TryUnwrap(discover, out var chain, out _)
            || !Dhcp6Message.TryRead(chain.Message(discover), chain.MessageStart, out var query, out _)
            || !query.Options.TryGet(OptionCode.Dhcpv4Message, out var octets)
            || !Dhcp4Message.TryRead(octets, 0, out var message, out _))
            throw new InvalidDataException("dhcpv4-query");
        return message.Type;
    }

    [Benchmark]
    public int Write() => Dhcp4ReplyWriter.TryWrite(buffer, exchange, ack, out var length) ? length : throw new InvalidDataException("the ACK does not fit");

    private Dhcp4Exchange RequestOf(Link link)
    {
        var writer = new Dhcp6Writer(buffer);
        writer.MessageHeader(MessageType.Dhcpv4Query, 0);
        var start = writer.BeginOption(OptionCode.Dhcpv4Message);
        writer.Octets(Golden.Packet("dhcp4/request-dhclient"));
        writer.EndOption(start);
        var datagram = new ServedNetwork().Receive(writer.Written);
        RelayChain.TryUnwrap(datagram.Data, out var chain, out _);
        var configuration = new Dhcp4Configuration { Links = [link], Options = OptionSet.Empty, Reservations = ReservationTable.Empty };
        var settings = new Dhcp4Settings(configuration, ServedNetwork.Settings(subnets: 1), new DraftCodePoints());
        var key = BindingKey.For(IdentityKind.ClientId, [1, 2, 0, 0, 0, 0, 1], link.Name);
        return new Dhcp4Exchange(datagram, chain, start..writer.Length, settings, link, subnet, key, classes: null, origin: null, new Dhcp4Counters());
    }

    private static Dhcp4Subnet SubnetWithRouter() => new()
    {
        Id = 1,
        Prefix = new Ipv6Prefix(PortSet.ToMapped(new Ipv4Address(0xc000_0200)), 120),
        Selectors = new SubnetSelectors(),
        Pools = [],
        PrefixPools = [],
        Lifetimes = new Lifetimes(0, 0, 0, 4000, 4000, 4000),
        Timers = new RenewalTimers(T1: null, T2: null),
        Options = new OptionSet([new ConfiguredOption((ushort)Dhcp4OptionCode.Routers, Vendor: null, [192, 0, 2, 1], AlwaysSend: false, NeverSend: false)]),
        Reservations = ReservationTable.Empty,
    };
}
