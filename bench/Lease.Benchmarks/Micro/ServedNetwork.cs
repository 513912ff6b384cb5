using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Tests;

namespace Lease.Benchmarks.Micro;

/// <summary>
/// What the benchmarks serve: subnet n is 2001:db8:1:n::/64, a link of its own with 65,536 addresses, 65,536 prefixes and the options that most clients ask for. The first one is that of the
/// interface on which packets come; it and the packets of tests/golden fit each other.
/// </summary>
internal sealed class ServedNetwork : IDatagramChannel
{
    private const int FirstInterfaceId = 0x11;
    private static readonly UInt128 Prefixes = (UInt128)0x2001_0db8_8000_0000 << 64;

    /// <summary>The server that the client of tests/golden answers.</summary>
    public static byte[] ServerDuid { get; } = OptionOf(Golden.Packet("request-dhclient"), OptionCode.ServerId);

    /// <inheritdoc/>
    public string InterfaceName => "eth0";

    /// <summary>The last packet that was sent.</summary>
    public ReadOnlyMemory<byte> Sent { get; private set; }

    /// <summary>Whether <see cref="Sent"/> is kept.</summary>
    public bool Keeps { get; set; }

    /// <inheritdoc/>
    public bool Send(ReadOnlySpan<byte> data, in UdpEndpoint destination)
    {
        if (Keeps)
            Sent = data.ToArray();
        return true;
    }

    /// <summary>A packet as it comes from a client, or the relay, at fe80::9.</summary>
    public Datagram Receive(ReadOnlySpan<byte> packet) => new(packet, new UdpEndpoint(((UInt128)0xfe80 << 112) + 9, 546, 2), multicast: true, this, 0);

    /// <summary>The configuration.</summary>
    public static Dhcp6Settings Settings(int subnets, Classifier? classifier = null) => new(
        new Dhcp6Configuration
        {
            Interfaces = [],
            Links = [.. Enumerable.Range(0, subnets).Select(static n => new Link { Name = $"subnet-{n + 1}", Subnets = [SubnetOf(n)] })],
            Options = OptionSet.Empty,
            Reservations = ReservationTable.Empty,
            Classifier = classifier,
        },
        ServerDuid);

    /// <summary>An address on a subnet.</summary>
    public static Ipv6Address AddressOn(int subnet, ulong host) => new((((UInt128)0x2001_0db8_0001_0000 + (uint)subnet) << 64) + host);

    /// <summary>A delegated prefix of a subnet.</summary>
    public static Ipv6Prefix PrefixOn(int subnet, int number) => new(new Ipv6Address(Prefixes + ((UInt128)(uint)subnet << 88) + ((UInt128)(uint)number << 72)), 56);

    /// <summary>The interface-id that a relay says of a subnet.</summary>
    public static byte[] InterfaceIdOf(int subnet) => [0, 0, (byte)((subnet + FirstInterfaceId) >> 8), (byte)(subnet + FirstInterfaceId)];

    /// <summary>The data of an option in a client's message.</summary>
    public static byte[] OptionOf(ReadOnlySpan<byte> message, OptionCode code)
    {
        Dhcp6Message.FromChecked(message).Options.TryGet(code, out var data);
        return data.ToArray();
    }

    private static Subnet SubnetOf(int number) => new()
    {
        Id = (uint)number + 1,
        Prefix = new Ipv6Prefix(AddressOn(number, 0), 64),
        Selectors = new SubnetSelectors { Interface = number == 0 ? "eth0" : null, InterfaceId = InterfaceIdOf(number) },
        Pools = [new AddressPool { Range = new PoolRange(AddressOn(number, 1UL << 48).Value, 128, 65_536, 256), Options = OptionSet.Empty }],
        PrefixPools = [new PrefixPool { Range = new PoolRange(PrefixOn(number, 0).Address.Value, 56, 65_536, 256), Prefix = new Ipv6Prefix(PrefixOn(number, 0).Address, 40), Options = OptionSet.Empty }],
        Lifetimes = new Lifetimes(3000, 3000, 3000, 4000, 4000, 4000),
        Timers = new RenewalTimers(T1: null, T2: null),
        Options = Options,
        Reservations = ReservationTable.Empty,
    };

    private static OptionSet Options { get; } = new(
    [
        new ConfiguredOption((ushort)OptionCode.DnsServers, Vendor: null, [.. Enumerable.Repeat((byte)0x20, 32)], AlwaysSend: false, NeverSend: false),
        new ConfiguredOption((ushort)OptionCode.DomainList, Vendor: null, [7, .. "example"u8, 3, .. "org"u8, 0], AlwaysSend: false, NeverSend: false),
    ]);
}
