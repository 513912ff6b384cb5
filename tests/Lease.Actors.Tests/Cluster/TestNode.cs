using Lease.Actors.Allocation;
using Lease.Actors.Bindings;
using Lease.Actors.Cluster;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Actors.Dhcp6;
using Lease.Actors.Leasequery;
using Lease.Actors.Tests.Dhcp6;
using Lease.Kernel.Actors;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;
using Lease.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Actors.Tests.Cluster;

/// <summary>The database of a test's cluster: its clock, its journal and its tables.</summary>
internal sealed class TestDatabase
{
    public const int Shards = 16;

    public TestDatabase()
    {
        Journal = new TestJournal(Clock);
        Store = new TestShardStore(Journal, Clock, Shards);
    }

    public VirtualTime Clock { get; } = new();

    public TestJournal Journal { get; }

    public TestShardStore Store { get; }

    public FakeSlices Slices { get; } = new();
}

/// <summary>A node with an actor system and a clock of its own, and its share in the database.</summary>
internal sealed class TestNode : TestKit, IDatagramChannel
{
    private readonly ScenarioKit actors;
    private readonly Dhcp6Intake intake;
    private readonly IActorRef member;
    private Ipv6Address advertised;

    public TestNode(string name, TestDatabase database, string fingerprint = "same")
    {
        Name = name;
        MachineClock = new SteppedTime(Time);
        Region = ShardRegion.Start(
            Sys,
            "binding",
            new ShardRegionOptions { ShardCount = TestDatabase.Shards },
            new BindingExtractor(),
            (key, shard) => new BindingActor(key, shard, database.Journal, database.Journal, Time, NullLogger.Instance));
        Region.Tenure = new Tenure(Time);
        var settings = new Dhcp6Settings(Dhcp6TestKit.Configuration(OptionSet.Empty), Dhcp6TestKit.ServerDuid);
        var tables = new Leasequery.MemoryTables(Time);
        actors = new ScenarioKit(Time);
        var leasequery = new LeasequeryService(
            actors.Sys, Time, new LeasequerySettings(new LeasequeryConfiguration(), settings), tables, tables, [1], new CommittedEvents(actors.Sys.EventStream.Publish), NullLogger.Instance);
        var dhcp4 = new Dhcp4Intake(Region, leasequery, new Dhcp4Counters(), NullLogger.Instance);
        intake = new Dhcp6Intake(Sys, Region, leasequery, dhcp4, new Dhcp6Counters(), NullLogger.Instance) { Settings = settings };
        var node = new ClusterNode(name, "", fingerprint, () => IsReplaced = true) { Viewed = view => View = view, Time = new ClusterTime(MachineClock) };
        Placed = node.Placed.Task;
        member = ActorOf(() => new ClusterMember(node, database.Store, Region, grant => new ShardAllocator(grant.Shard, database.Slices, Time), Log));
    }

    public string Name { get; }

    public ShardRegion Region { get; }

    /// <summary>Its machine's time of day.</summary>
    public SteppedTime MachineClock { get; }

    /// <summary>What it says about the cluster.</summary>
    public EventLog Log { get; } = new();

    /// <summary>See <see cref="ClusterNode.Placed"/>.</summary>
    public Task Placed { get; }

    public bool IsReplaced { get; private set; }

    /// <summary>The cluster as it saw it last.</summary>
    public ClusterView? View { get; private set; }

    /// <summary>Messages sent.</summary>
    public int Answers { get; private set; }

    /// <summary>Addresses in the REPLYs that were sent.</summary>
    public List<Ipv6Address> Replies { get; } = [];

    /// <summary>The clients that <see cref="Replies"/> went to, one for each: a packet that waited is answered while another client asks.</summary>
    public List<byte> RepliedTo { get; } = [];

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await actors.DisposeAsync();
    }

    string IDatagramChannel.InterfaceName => "test";

    public Task LeaveAsync() => member.Ask<LeftCluster>(LeaveCluster.Instance, TimeSpan.FromSeconds(10));

    /// <summary>SOLICIT and REQUEST of a client; the address of the ADVERTISE.</summary>
    public Ipv6Address Ask(byte client)
    {
        Send(MessageType.Solicit, client, default);
        var address = advertised;
        Send(MessageType.Request, client, address);
        return address;
    }

    public void Send(MessageType type, byte client, Ipv6Address address)
    {
        var writer = new Dhcp6Writer(stackalloc byte[300]);
        writer.MessageHeader(type, 7);
        writer.Option(OptionCode.ClientId, Duid.MakeLinkLayer(1, [2, 0, 0, 0, 0, client]));
        if (type != MessageType.Solicit)
            writer.Option(OptionCode.ServerId, Dhcp6TestKit.ServerDuid);
        var mark = IaOption.Begin(ref writer, OptionCode.IaNa, 1, 0, 0);
        if (type != MessageType.Solicit)
            IaAddressOption.Write(ref writer, address, 0, 0);
        writer.EndOption(mark);
        intake.Handle(new Datagram(writer.Written, new UdpEndpoint(((UInt128)0xfe80 << 112) + client, 546, 1), multicast: true, this, 0));
    }

    bool IDatagramChannel.Send(ReadOnlySpan<byte> data, in UdpEndpoint destination)
    {
        Dhcp6Message.TryRead(data, 0, out var message, out _).ShouldBeTrue();
        Answers++;
        message.Options.TryGet(OptionCode.ClientId, out var client);
        foreach (var option in message.Options)
        {
            if (!IaOption.TryRead(option, out var ia))
                continue;
            foreach (var inner in ia.Options)
            {
                if (!IaAddressOption.TryRead(inner, out var lease))
                    continue;
                if (message.Type != MessageType.Reply)
                {
                    advertised = lease.Address;
                    continue;
                }

                Replies.Add(lease.Address);
                RepliedTo.Add(client[^1]);
            }
        }

        return true;
    }
}
