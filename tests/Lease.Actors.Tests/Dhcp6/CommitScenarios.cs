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
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Actors.Tests.Dhcp6;

/// <summary>Commit before reply: every answer that grants, extends or ends a lease, with a journal that waits, refuses, fails or is fenced.</summary>
public sealed class CommitScenarios : TestKit, IDatagramChannel
{
    private static readonly byte[] ServerDuid = Duid.MakeLinkLayer(1, [8, 0, 0, 0, 0, 1]);
    private static readonly byte[] ClientDuid = Duid.MakeLinkLayer(1, [2, 0, 0, 0, 0, 1]);

    private readonly List<(MessageType Type, Ipv6Address? Address, uint Valid)> replies = [];
    private readonly TestJournal journal;
    private readonly Dhcp6Counters counters = new();
    private readonly Dhcp6Intake intake;

    public CommitScenarios()
    {
        journal = new TestJournal(Time);
        var settings = new Dhcp6Settings(Configuration(), ServerDuid);
        var region = ShardRegion.Start(
            Sys, "binding", new ShardRegionOptions { ShardCount = 1 }, new BindingExtractor(), (key, shard) => new BindingActor(key, shard, journal, journal, Time, NullLogger.Instance));
        region.StartShard(new ShardGrant(0, 1, 0), new ShardAllocator(0, new FakeSlices(), Time));
        var tables = new Leasequery.MemoryTables(Time);
        var leasequery = new LeasequeryService(Sys, new LeasequerySettings(new LeasequeryConfiguration(), settings), tables, tables, [1], Sys.EventStream, NullLogger.Instance);
        intake = new Dhcp6Intake(Sys, region, leasequery, new Dhcp4Intake(Sys, region, leasequery, new Dhcp4Counters(), NullLogger.Instance), counters, NullLogger.Instance) { Settings = settings };
    }

    public static TheoryData<MessageType> Committing => [MessageType.Request, MessageType.Renew, MessageType.Rebind, MessageType.Release, MessageType.Decline];

    string IDatagramChannel.InterfaceName => "test";

    [Theory]
    [MemberData(nameof(Committing))]
    public void No_reply_leaves_before_its_commit(MessageType type)
    {
        var address = Bind(type);
        journal.HoldWrites = true;
        Send(type, address);
        replies.ShouldBeEmpty();
        journal.DecideNext().ShouldBeTrue();
        replies.ShouldHaveSingleItem().Type.ShouldBe(MessageType.Reply);
    }

    [Theory]
    [MemberData(nameof(Committing))]
    public void A_commit_that_fails_is_not_answered_and_the_next_try_is(MessageType type)
    {
        var address = Bind(type);
        journal.Script(JournalOutcome.Failed);
        Send(type, address);
        replies.ShouldBeEmpty();
        counters.Dropped(Dhcp6Drop.NotCommitted).ShouldBe(1);
        Send(type, address);
        replies.ShouldHaveSingleItem().Type.ShouldBe(MessageType.Reply);
    }

    [Theory]
    [MemberData(nameof(Committing))]
    public void A_fenced_commit_is_not_answered(MessageType type)
    {
        var address = Bind(type);
        journal.Script(JournalOutcome.Fenced);
        Send(type, address);
        replies.ShouldBeEmpty();
    }

    [Fact]
    public void A_lease_that_another_binding_holds_is_replaced_by_another_one_in_the_same_exchange()
    {
        var offered = Bind(MessageType.Request);
        journal.Script(JournalOutcome.LeaseConflict);
        Send(MessageType.Request, offered);
        var reply = replies.ShouldHaveSingleItem();
        reply.Type.ShouldBe(MessageType.Reply);
        reply.Address.ShouldNotBeNull().ShouldNotBe(offered);
        journal.Decided[^1].Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public void A_journal_that_is_full_leaves_the_client_to_ask_again()
    {
        var address = Bind(MessageType.Request);
        journal.IsFull = true;
        Send(MessageType.Request, address);
        replies.ShouldBeEmpty();
        journal.IsFull = false;
        Send(MessageType.Request, address);
        replies.ShouldHaveSingleItem().Address.ShouldBe(address);
    }

    bool IDatagramChannel.Send(ReadOnlySpan<byte> data, in UdpEndpoint destination)
    {
        Dhcp6Message.TryRead(data, 0, out var message, out _).ShouldBeTrue();
        Ipv6Address? address = null;
        var valid = 0u;
        foreach (var option in message.Options)
        {
            if (!IaOption.TryRead(option, out var ia))
                continue;
            foreach (var inner in ia.Options)
            {
                if (IaAddressOption.TryRead(inner, out var lease))
                    (address, valid) = (lease.Address, lease.Valid);
            }
        }

        replies.Add((message.Type, address, valid));
        return true;
    }

    // For what extends or ends a lease there is one; for REQUEST there is an offer.
    private Ipv6Address Bind(MessageType type)
    {
        Send(MessageType.Solicit, default);
        var address = replies.ShouldHaveSingleItem().Address.ShouldNotBeNull();
        if (type != MessageType.Request)
            Send(MessageType.Request, address);
        replies[^1].Valid.ShouldBe(4000u);
        replies.Clear();
        return address;
    }

    private void Send(MessageType type, Ipv6Address address)
    {
        var writer = new Dhcp6Writer(stackalloc byte[300]);
        writer.MessageHeader(type, 7);
        writer.Option(OptionCode.ClientId, ClientDuid);
        if (type is not (MessageType.Solicit or MessageType.Rebind))
            writer.Option(OptionCode.ServerId, ServerDuid);
        var mark = IaOption.Begin(ref writer, OptionCode.IaNa, 1, 0, 0);
        if (type != MessageType.Solicit)
            IaAddressOption.Write(ref writer, address, 0, 0);
        writer.EndOption(mark);
        intake.Handle(new Datagram(writer.Written, new UdpEndpoint(((UInt128)0xfe80 << 112) + 9, 546, 1), multicast: true, this, 0));
    }

    private static Dhcp6Configuration Configuration()
    {
        var prefix = new Ipv6Prefix(new Ipv6Address((UInt128)0x2001_0db8_0001_0000 << 64), 64);
        var subnet = new Subnet
        {
            Id = 1,
            Prefix = prefix,
            Selectors = new SubnetSelectors { Interface = "test" },
            Pools = [new AddressPool { Range = new PoolRange(prefix.First.Value + 0x1000, 128, 64, 16), Options = OptionSet.Empty }],
            PrefixPools = [],
            Lifetimes = new Lifetimes(3000, 3000, 3000, 4000, 4000, 4000),
            Timers = new RenewalTimers(T1: null, T2: null),
            Options = OptionSet.Empty,
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
}
