using Lease.Actors.Allocation;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Actors.Dhcp6;
using Lease.Actors.Leasequery;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;
using Lease.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Actors.Tests.Dhcp6;

/// <summary>An intake, binding actors and a journal in memory, with one link of one subnet; what is answered is kept in <see cref="Replies"/>.</summary>
public abstract class Dhcp6TestKit : TestKit, IDatagramChannel
{
    private readonly ScenarioKit actors;
    internal static readonly byte[] ServerDuid = Duid.MakeLinkLayer(1, [8, 0, 0, 0, 0, 1]);
    private static readonly byte[] ClientDuid = Duid.MakeLinkLayer(1, [2, 0, 0, 0, 0, 1]);

    private static readonly UInt128 LinkLocal = ((UInt128)0xfe80 << 112) + 9;

    private readonly Dhcp6Intake intake;

    protected Dhcp6TestKit(OptionSet? options = null)
    {
        Journal = new TestJournal(Time);
        var settings = new Dhcp6Settings(Configuration(options ?? OptionSet.Empty), ServerDuid);
        var region = Region = ShardRegion.Start(
            Sys, "binding", new ShardRegionOptions { ShardCount = 1 }, new BindingExtractor(), (key, shard) => new BindingActor(key, shard, Journal, Journal, Time, NullLogger.Instance));
        region.StartShard(new ShardGrant(0, 1, 0), new ShardAllocator(0, new FakeSlices(), Time));
        var tables = new Leasequery.MemoryTables(Time);
        actors = new ScenarioKit(Time);
        var leasequery = new LeasequeryService(
            actors.Sys, Time, new LeasequerySettings(new LeasequeryConfiguration(), settings), tables, tables, [1], new CommittedEvents(actors.Sys.EventStream.Publish), NullLogger.Instance);
        intake = new Dhcp6Intake(Sys, region, leasequery, new Dhcp4Intake(region, leasequery, new Dhcp4Counters(), NullLogger.Instance), Counters, NullLogger.Instance) { Settings = settings };
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await actors.DisposeAsync();
    }

    string IDatagramChannel.InterfaceName => "test";

    protected ShardRegion Region { get; }

    protected TestJournal Journal { get; }

    protected Dhcp6Counters Counters { get; } = new();

    /// <summary>What was sent.</summary>
    protected List<SentReply> Replies { get; } = [];

    /// <summary>The same as octets.</summary>
    protected List<byte[]> Packets { get; } = [];

    bool IDatagramChannel.Send(ReadOnlySpan<byte> data, in UdpEndpoint destination)
    {
        Dhcp6Message.TryRead(data, 0, out var message, out _).ShouldBeTrue();
        Ipv6Address? address = null;
        var valid = 0u;
        var status = StatusCode.Success;
        foreach (var option in message.Options)
        {
            if (StatusCodeOption.TryRead(option, out var told))
                status = told.Code;
            if (!IaOption.TryRead(option, out var ia))
                continue;
            foreach (var inner in ia.Options)
            {
                if (IaAddressOption.TryRead(inner, out var lease))
                    (address, valid) = (lease.Address, lease.Valid);
            }
        }

        Packets.Add(data.ToArray());
        Replies.Add(new SentReply(message.Type, status, address, valid));
        return true;
    }

    /// <summary>Answers by another configuration from now on.</summary>
    protected void Serve(Dhcp6Configuration configuration) => intake.Settings = new Dhcp6Settings(configuration, ServerDuid);

    // For what extends or ends a lease there is one; for REQUEST there is an offer.
    protected Ipv6Address Bind(MessageType type)
    {
        Send(MessageType.Solicit, default);
        var address = Replies.ShouldHaveSingleItem().Address.ShouldNotBeNull();
        if (type != MessageType.Request)
            Send(MessageType.Request, address);
        Replies[^1].Valid.ShouldBe(4000u);
        Replies.Clear();
        return address;
    }

    protected void Send(MessageType type, Ipv6Address address, bool multicast = true, UInt128? source = null, params (OptionCode Code, byte[] Data)[] others)
    {
        var writer = new Dhcp6Writer(stackalloc byte[300]);
        writer.MessageHeader(type, 7);
        writer.Option(OptionCode.ClientId, ClientDuid);
        if (type is not (MessageType.Solicit or MessageType.Rebind or MessageType.InformationRequest))
            writer.Option(OptionCode.ServerId, ServerDuid);
        foreach (var (code, data) in others)
            writer.Option(code, data);
        if (type != MessageType.InformationRequest)
        {
            var mark = IaOption.Begin(ref writer, OptionCode.IaNa, 1, 0, 0);
            if (type != MessageType.Solicit)
                IaAddressOption.Write(ref writer, address, 0, 0);
            writer.EndOption(mark);
        }

        intake.Handle(new Datagram(writer.Written, new UdpEndpoint(source ?? LinkLocal, 546, 1), multicast, this, 0));
    }

    internal static Dhcp6Configuration Configuration(OptionSet options)
    {
        var prefix = new Ipv6Prefix(new Ipv6Address((UInt128)0x2001_0db8_0001_0000 << 64), 64);
        var subnet = new Subnet
        {
            Id = 1,
            Prefix = prefix,
            Selectors = new SubnetSelectors { Interface = "test" },
            Pools = [new AddressPool { Range = new PoolRange(prefix.First.Value + 0x1000, 128, 4096, 16), Options = OptionSet.Empty }],
            PrefixPools = [],
            Lifetimes = new Lifetimes(3000, 3000, 3000, 4000, 4000, 4000),
            Timers = new RenewalTimers(T1: null, T2: null),
            Options = options,
            Reservations = ReservationTable.Empty,
        };
        return new Dhcp6Configuration
        {
            Interfaces = [],
            Links = [new Link { Name = "subnet-1", Subnets = [subnet] }],
            Options = OptionSet.Empty,
            Reservations = ReservationTable.Empty,
        };
    }

    /// <summary>A message that was sent: its own status code, and its last address with the valid lifetime in seconds.</summary>
    protected sealed record SentReply(MessageType Type, StatusCode Status, Ipv6Address? Address, uint Valid);
}
