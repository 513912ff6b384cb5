using Lease.Actors.Allocation;
using Lease.Actors.Bindings;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Actors.Dhcp6;
using Lease.Actors.Leasequery;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Actors.Tests.Dhcp4;

/// <summary>An intake, binding actors and a journal in memory; what is answered is kept in <see cref="Sent"/>.</summary>
public abstract class Dhcp4TestKit : TestKit, IDatagramChannel
{
    private readonly ScenarioKit actors;
    protected static readonly byte[] ServerDuid = Duid.MakeLinkLayer(1, [8, 0, 0, 0, 0, 1]);
    protected static readonly Ipv6Address DirectClient = new(((UInt128)0xfe80 << 112) + 9);

    protected static readonly UdpEndpoint OtherServer = new(UInt128.One, 6767, 0);

    private readonly Dhcp6Intake intake;
    private readonly Dhcp6Settings dhcp6;
    private readonly Dhcp4Intake dhcp4;

    protected Dhcp4TestKit()
    {
        Journal = new TestJournal(Time);
        dhcp6 = new Dhcp6Settings(Links6(), ServerDuid);
        var region = ShardRegion.Start(
            Sys, "binding", new ShardRegionOptions { ShardCount = 1 }, new BindingExtractor(), (key, shard) => new BindingActor(key, shard, Journal, Journal, Time, NullLogger.Instance));
        region.StartShard(new ShardGrant(0, 1, 0), new ShardAllocator(0, Slices, Time));
        Region = region;
        var tables = new Leasequery.MemoryTables(Time);
        actors = new ScenarioKit(Time);
        var leasequery = new LeasequeryService(
            actors.Sys, Time, new LeasequerySettings(new LeasequeryConfiguration(), dhcp6), tables, tables, [1], new CommittedEvents(actors.Sys.EventStream.Publish), NullLogger.Instance);
        dhcp4 = new Dhcp4Intake(region, leasequery, Counters, NullLogger.Instance);
        intake = new Dhcp6Intake(Sys, region, leasequery, dhcp4, new Dhcp6Counters(), NullLogger.Instance) { Settings = dhcp6 };
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await actors.DisposeAsync();
    }

    public string InterfaceName { get; set; } = "eth0";

    /// <summary>Whether the next configuration serves BOOTP clients.</summary>
    protected bool ServesBootp { get; set; }

    protected TestJournal Journal { get; }

    private protected FakeSlices Slices { get; } = new();

    protected Dhcp4Counters Counters { get; } = new();

    protected ShardRegion Region { get; }

    /// <summary>The packets that were sent, whole.</summary>
    protected List<byte[]> Packets { get; } = [];

    /// <summary>The DHCPv4 messages in them.</summary>
    protected List<SentMessage> Sent { get; } = [];

    bool IDatagramChannel.Send(ReadOnlySpan<byte> data, in UdpEndpoint destination)
    {
        Packets.Add(data.ToArray());
        RelayChain.TryUnwrap(data, out var chain, out _, MessageType.RelayReply).ShouldBeTrue();
        Dhcp6Message.TryRead(chain.Message(data), chain.MessageStart, out var message, out _).ShouldBeTrue();
        message.Type.ShouldBe(MessageType.Dhcpv4Response);
        message.TransactionId.ShouldBe(0u);
        message.Options.Count(OptionCode.Dhcpv4Message).ShouldBe(1);
        message.Options.TryGet(OptionCode.Dhcpv4Message, out var octets).ShouldBeTrue();
        Sent.Add(new SentMessage(octets.ToArray(), destination));
        return true;
    }

    /// <summary>Sets the Dhcp4 configuration.</summary>
    protected void Serve(params Link[] links) => Serve(classifier: null, OptionSet.Empty, links);

    /// <summary>Sets the Dhcp4 configuration with client classes.</summary>
    protected void Serve(Classifier? classifier, OptionSet options, params Link[] links) => dhcp4.Settings = new Dhcp4Settings(
        new Dhcp4Configuration
        {
            Links = [.. links],
            Options = options,
            Classifier = classifier,
            ServesBootp = ServesBootp,
            Reservations = ReservationTable.Empty,
            ReservationIdentifiers = [ReservationIdentifier.HardwareAddress, ReservationIdentifier.Duid, ReservationIdentifier.CircuitId, ReservationIdentifier.ClientId],
        },
        dhcp6,
        new DraftCodePoints());

    protected static Link LinkOf(string name, params Dhcp4Subnet[] subnets) => new() { Name = name, Subnets = [.. subnets] };

    protected static AddressPool PoolOf(string first, int addresses, PortParameters ports = default)
    {
        Ipv4Address.TryParse(first, out var address).ShouldBeTrue();
        var units = addresses * ((1 << ports.PsidLength) - ports.Psid);
        return new AddressPool { Range = new PoolRange(PortSet.ToMapped(address).Value, 128, (uint)units, 4, PortSet.ToNumber(ports)), Options = OptionSet.Empty };
    }

    protected static Ipv6Prefix PrefixOf(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        Ipv4Address.TryParse(text[..slash], out var address).ShouldBeTrue();
        return new Ipv6Prefix(PortSet.ToMapped(address), (byte)(96 + byte.Parse(text[(slash + 1)..], System.Globalization.CultureInfo.InvariantCulture)));
    }

    /// <summary>The message in a DHCPV4-QUERY, direct or through relays, the one nearest to the client last.</summary>
    protected void Send(Dhcp4Request request, params Relay[] relays) => SendMessage(request.ToOctets(), request.Dhcp6Options, relays);

    protected void SendMessage(byte[] message, (OptionCode Code, byte[] Data)[] others, params Relay[] relays)
        => intake.Handle(Received(Query(message, others, relays), new UdpEndpoint(DirectClient.Value, 546, 1), isMulticast: true));

    /// <summary>What another program's DHCPv6 server hands over on the loopback.</summary>
    protected void HandOver(byte[] message, UdpEndpoint from, params (OptionCode Code, byte[] Data)[] others)
        => new ForwardedIntake(Sys, dhcp4, Counters, OtherServer).Handle(Received(Query(message, others), from, isMulticast: false));

    private Datagram Received(byte[] packet, UdpEndpoint from, bool isMulticast) => new(packet, from, isMulticast, this, 0);

    private static byte[] Query(byte[] message, (OptionCode Code, byte[] Data)[] others, params Relay[] relays)
    {
        var writer = new Dhcp6Writer(new byte[4000]);
        var marks = new List<int>();
        foreach (var relay in relays)
        {
            writer.RelayHeader(MessageType.RelayForward, 0, relay.LinkAddress, DirectClient);
            if (relay.InterfaceId is { } interfaceId)
                writer.Option(OptionCode.InterfaceId, interfaceId);
            marks.Add(writer.BeginOption(OptionCode.RelayMessage));
        }

        writer.MessageHeader(MessageType.Dhcpv4Query, Dhcp6Message.UnicastFlag);
        if (message.Length > 0)
            writer.Option(OptionCode.Dhcpv4Message, message);
        foreach (var (code, data) in others)
            writer.Option(code, data);
        foreach (var mark in marks)
            writer.EndOption(mark);
        return writer.Written.ToArray();
    }

    /// <summary>DISCOVER and REQUEST.</summary>
    /// <returns>The ACK.</returns>
    protected SentMessage Bind(Dhcp4Request client, params Relay[] relays)
    {
        Send(client with { Type = Dhcp4MessageType.Discover }, relays);
        var offer = Sent[^1];
        offer.Type.ShouldBe(Dhcp4MessageType.Offer);
        Send(client with { Type = Dhcp4MessageType.Request, Requested = offer.YourAddress, ServerId = offer.ServerId, Ports = offer.Ports }, relays);
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Ack);
        return Sent[^1];
    }

    // Links of DHCPv6: by interface eth0 "home", by address "far".
    private static Dhcp6Configuration Links6() => new()
    {
        Interfaces = [],
        Options = OptionSet.Empty,
        Reservations = ReservationTable.Empty,
        Links =
        [
            new Link { Name = "home", Subnets = [Subnet6(1, "2001:db8:1::/64", "eth0")] },
            new Link { Name = "far", Subnets = [Subnet6(2, "2001:db8:2::/64", null)] },
        ],
    };

    private static Subnet Subnet6(uint id, string prefix, string? @interface)
    {
        Ipv6Prefix.TryParse(prefix, out var parsed).ShouldBeTrue();
        return new Subnet
        {
            Id = id,
            Prefix = parsed,
            Selectors = new SubnetSelectors { Interface = @interface },
            Pools = [],
            PrefixPools = [],
            Lifetimes = new Lifetimes(1, 1, 1, 1, 1, 1),
            Timers = new RenewalTimers(T1: null, T2: null),
            Options = OptionSet.Empty,
            Reservations = ReservationTable.Empty,
        };
    }

    /// <summary>A relay's words.</summary>
    protected sealed record Relay(string Link, byte[]? InterfaceId = null)
    {
        public Ipv6Address LinkAddress => Ipv6Address.TryParse(Link, out var address) ? address : default;
    }
}
