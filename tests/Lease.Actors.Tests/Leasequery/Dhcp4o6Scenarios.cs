using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Leasequery;

/// <summary>Seed 000 section 3: DHCP4o6 active leasequery, and bulk likewise.</summary>
public sealed class Dhcp4o6Scenarios
{
    private static readonly PortParameters Ports = new(6, 8, 52);
    private static readonly Ipv6Address Tunnel = new(((UInt128)0x2001_0db8_0077_0000 << 64) + 1);
    private static readonly byte[] Duid1 = Duid.MakeLinkLayer(1, [2, 0, 0, 0, 0, 1]);

    [Fact]
    [Trait("Seed", "000 3")]
    public async Task An_update_carries_the_DHCPv4_lease_and_the_DHCPv6_options_of_its_client()
    {
        await using var kit = new LeasequeryKit();
        var connection = Follow(kit, [Dhcp4OptionCode.PortParameters, Dhcp4OptionCode.S46SourceAddress]);
        connection.TakeAll().ShouldHaveSingleItem().Status.ShouldBeNull();
        Commit(kit, 1);
        var answer = connection.TakeAll().ShouldHaveSingleItem();
        answer.Type.ShouldBe(MessageType.LeaseQueryData);
        var lease = LeaseIn(answer);
        lease.Type.ShouldBe(Dhcp4MessageType.LeaseActive);
        lease.Operation.ShouldBe(BootpOperation.Reply);
        lease.TransactionId.ShouldBe(4711u);
        lease.ClientAddress.ShouldBe(Address(1));
        lease.HardwareAddress.ToArray().ShouldBe([2, 0, 0, 0, 0, 1]);
        lease.Options.TryGet(Dhcp4OptionCode.PortParameters, out var ports).ShouldBeTrue();
        PortParameters.TryRead(ports, out var read).ShouldBeTrue();
        read.ShouldBe(Ports);
        lease.Options.TryGet(Dhcp4OptionCode.S46SourceAddress, out var source).ShouldBeTrue();
        Ipv6Address.Read(source).ShouldBe(Tunnel);
        lease.Options.TryGetNumber(Dhcp4OptionCode.LeaseTime, out var seconds).ShouldBeTrue();
        seconds.ShouldBe(4000u);
        lease.Options.TryGetNumber(Dhcp4OptionCode.DhcpState, out var state).ShouldBeTrue();
        state.ShouldBe((uint)DhcpState.Active);
        lease.Options.Contains(Dhcp4OptionCode.HostName).ShouldBeFalse();
        var client = ClientDataIn(answer);
        client.TryGet(OptionCode.ClientId, out var duid).ShouldBeTrue();
        duid.ToArray().ShouldBe(Duid1);
        client.TryGet((OptionCode)65005, out source).ShouldBeTrue();
        Ipv6Address.Read(source).ShouldBe(Tunnel);
        client.TryGet(OptionCode.UserClass, out var userClass).ShouldBeTrue();
        userClass.ToArray().ShouldBe([0, 1, 9]);
        client.Contains(OptionCode.CltTime).ShouldBeTrue();
    }

    [Theory]
    [InlineData(LeasePhase.Released, DhcpState.Released)]
    [InlineData(LeasePhase.Expired, DhcpState.Expired)]
    [InlineData(LeasePhase.Declined, DhcpState.Abandoned)]
    [Trait("Seed", "000 3")]
    public async Task An_end_is_told_as_unassigned(LeasePhase phase, DhcpState expected)
    {
        await using var kit = new LeasequeryKit();
        var connection = Follow(kit, null);
        Commit(kit, 1);
        connection.TakeAll();
        Commit(kit, 1, phase);
        var lease = LeaseIn(connection.TakeAll().ShouldHaveSingleItem());
        lease.Type.ShouldBe(Dhcp4MessageType.LeaseUnassigned);
        lease.ClientAddress.ShouldBe(Address(1));
        lease.Options.TryGetNumber(Dhcp4OptionCode.DhcpState, out var state).ShouldBeTrue();
        state.ShouldBe((uint)expected);
        lease.Options.Contains(Dhcp4OptionCode.LeaseTime).ShouldBeFalse();

        // What an lwAFTR needs to take its entry out.
        lease.Options.Contains(Dhcp4OptionCode.PortParameters).ShouldBeTrue();
        lease.Options.Contains(Dhcp4OptionCode.S46SourceAddress).ShouldBeTrue();
    }

    [Fact]
    [Trait("Seed", "000 3")]
    public async Task More_than_one_DHCPv4_message_is_a_malformed_query()
    {
        await using var kit = new LeasequeryKit();
        var connection = kit.Connect();
        connection.Send(Query(MessageType.ActiveLeaseQuery, Dhcp4MessageType.ActiveLeaseQuery, null, options => options.Add((OptionCode.Dhcpv4Message, Inner(Dhcp4MessageType.ActiveLeaseQuery, null)))));
        connection.TakeAll().ShouldHaveSingleItem().Status.ShouldBe(StatusCode.MalformedQuery);
        connection.Closed.ShouldNotBeNull();
    }

    [Theory]
    [InlineData(MessageType.ActiveLeaseQuery, Dhcp4MessageType.BulkLeaseQuery)]
    [InlineData(MessageType.LeaseQuery, Dhcp4MessageType.ActiveLeaseQuery)]
    [InlineData(MessageType.LeaseQuery, Dhcp4MessageType.Discover)]
    [Trait("Seed", "000 3")]
    public async Task A_DHCPv4_message_that_does_not_go_with_its_query_is_malformed(MessageType outer, Dhcp4MessageType inner)
    {
        await using var kit = new LeasequeryKit();
        var connection = kit.Connect();
        connection.Send(Query(outer, inner));
        connection.TakeAll().ShouldHaveSingleItem().Status.ShouldBe(StatusCode.MalformedQuery);
    }

    [Fact]
    [Trait("Seed", "000 3")]
    public async Task A_DHCPv4_message_that_cannot_be_read_is_malformed()
    {
        await using var kit = new LeasequeryKit();
        var connection = kit.Connect();
        connection.Send(Query(MessageType.LeaseQuery, Dhcp4MessageType.BulkLeaseQuery, null, static o => o[^1] = (OptionCode.Dhcpv4Message, o[^1].Data[..100])));
        connection.TakeAll().ShouldHaveSingleItem().Status.ShouldBe(StatusCode.MalformedQuery);
    }

    [Fact]
    [Trait("Seed", "000 3")]
    public async Task DHCPv6_and_DHCPv4_leases_are_told_to_those_who_ask_for_them()
    {
        await using var kit = new LeasequeryKit();
        var six = kit.Connect();
        six.Send(LeasequeryKit.Query(1, MessageType.ActiveLeaseQuery));
        var four = Follow(kit, null);
        six.TakeAll();
        four.TakeAll();
        kit.Commit(1);
        Commit(kit, 2);
        six.TakeAll().ShouldHaveSingleItem().Clients.ShouldHaveSingleItem();
        LeaseIn(four.TakeAll().ShouldHaveSingleItem()).ClientAddress.ShouldBe(Address(2));

        var bulk = kit.Connect();
        bulk.Send(LeasequeryKit.Query(5));
        bulk.TakeAll().SelectMany(static a => a.Clients).ShouldHaveSingleItem();
        bulk.Send(Query(MessageType.LeaseQuery, Dhcp4MessageType.BulkLeaseQuery));
        bulk.TakeAll().Count(HasLease).ShouldBe(1);
    }

    [Fact]
    [Trait("Seed", "000 3")]
    public async Task A_catch_up_tells_what_changed_and_then_that_it_is_complete()
    {
        await using var kit = new LeasequeryKit();
        Commit(kit, 1);
        kit.Time.Advance(TimeSpan.FromSeconds(10));
        var start = kit.Time.GetUtcNow();
        Commit(kit, 2);
        Commit(kit, 1, LeasePhase.Released);
        kit.Time.Advance(TimeSpan.FromSeconds(5));
        foreach (var inDhcp6 in new[] { true, false })
        {
            var connection = kit.Connect();
            connection.Send(inDhcp6
                ? Query(MessageType.ActiveLeaseQuery, Dhcp4MessageType.ActiveLeaseQuery, null, o => o.Add((OptionCode.LqStartTime, Number(DhcpTime.ToSeconds(start)))))
                : Query(MessageType.ActiveLeaseQuery, Dhcp4MessageType.ActiveLeaseQuery, null, null, (Dhcp4OptionCode.QueryStartTime, Number((uint)start.ToUnixTimeSeconds()))));
            var answers = connection.TakeAll();
            answers.Where(HasLease).Select(static a => LeaseIn(a).Type).ShouldBe([Dhcp4MessageType.LeaseActive, Dhcp4MessageType.LeaseUnassigned], ignoreOrder: true);
            answers[^1].Status.ShouldBe(StatusCode.CatchUpComplete);
        }
    }

    [Fact]
    [Trait("Seed", "000 3")]
    public async Task A_start_time_before_what_is_kept_is_told_as_data_missing()
    {
        await using var kit = new LeasequeryKit();
        Commit(kit, 1);
        var start = kit.Time.GetUtcNow().AddSeconds(-100);
        kit.Tables.FirstEvent = 1;
        var connection = kit.Connect();
        connection.Send(Query(MessageType.ActiveLeaseQuery, Dhcp4MessageType.ActiveLeaseQuery, null, o => o.Add((OptionCode.LqStartTime, Number(DhcpTime.ToSeconds(start))))));
        connection.TakeAll().ShouldContain(static a => a.Status == StatusCode.DataMissing);
    }

    [Fact]
    [Trait("Seed", "000 3")]
    public async Task Bulk_queries_are_answered_by_each_of_DHCPv4s_primary_queries()
    {
        await using var kit = new LeasequeryKit();
        Commit(kit, 1);
        Commit(kit, 2);
        Ask(kit, static w => w).Count.ShouldBe(2);
        Ask(kit, static w => w with { ClientAddress = Address(1) }).ShouldBe([Address(1)]);
        Ask(kit, static w => w with { HardwareAddress = [2, 0, 0, 0, 0, 2] }).ShouldBe([Address(2)]);
        Ask(kit, static w => w with { ClientId = ClientIdentifier.Make(7, Duid1) }).ShouldBe([Address(1)]);
        Ask(kit, static w => w with { Options = [(Dhcp4OptionCode.RelayAgentInformation, [12, 2, 77, 1])] }).ShouldBe([Address(1)]);
        Ask(kit, static w => w with { Options = [(Dhcp4OptionCode.RelayAgentInformation, [2, 6, 0, 0, 0, 9, 5, 2])] }).ShouldBe([Address(2)]);
        Ask(kit, static w => w with { ClientAddress = Address(9) }).ShouldBeEmpty();
    }

    [Fact]
    [Trait("Seed", "000 3")]
    public async Task Two_primary_queries_at_once_are_malformed()
    {
        await using var kit = new LeasequeryKit();
        var connection = kit.Connect();
        connection.Send(Wrap(MessageType.LeaseQuery, (Plain(Dhcp4MessageType.BulkLeaseQuery) with { ClientAddress = Address(1), HardwareAddress = [1, 2, 3, 4, 5, 6] }).ToOctets(), null));
        connection.TakeAll().ShouldHaveSingleItem().Status.ShouldBe(StatusCode.MalformedQuery);
    }

    [Fact]
    public async Task A_single_query_is_told_also_that_nothing_is_leased()
    {
        await using var kit = new LeasequeryKit();
        var connection = kit.Connect();
        foreach (var (address, expected) in new[] { ("192.0.2.200", Dhcp4MessageType.LeaseUnassigned), ("203.0.113.9", Dhcp4MessageType.LeaseUnknown) })
        {
            Ipv4Address.TryParse(address, out var asked).ShouldBeTrue();
            connection.Send(Wrap(MessageType.LeaseQuery, (Plain(Dhcp4MessageType.LeaseQuery) with { ClientAddress = asked }).ToOctets(), null));
            var answers = connection.TakeAll();
            LeaseIn(answers[0]).Type.ShouldBe(expected);
            answers[^1].Status.ShouldBe(StatusCode.Success);
        }
    }

    [Fact]
    public async Task DHCPv4_leases_cannot_be_asked_for_in_a_LEASEQUERY_over_UDP()
    {
        await using var kit = new LeasequeryKit();
        var reply = kit.Ask(Query(MessageType.LeaseQuery, Dhcp4MessageType.BulkLeaseQuery)).ShouldNotBeNull();
        Dhcp6Message.TryRead(reply, 0, out var message, out _).ShouldBeTrue();
        Protocol.Dhcp6.Options.StatusCodeOption.CodeIn(message.Options).ShouldBe(StatusCode.MalformedQuery);
    }

    private static Ipv4Address Address(int client) => new(0xc0000200u + (uint)client);

    private static LeaseKey KeyOf(int client) => PortSet.KeyOf(Address(client), Ports);

    private static void Commit(LeasequeryKit kit, int client, LeasePhase phase = LeasePhase.Active)
    {
        var now = kit.Time.GetUtcNow().ToUnixTimeMilliseconds();
        byte[] hardware = [2, 0, 0, 0, 0, (byte)client];
        var clientId = ClientIdentifier.Make(7, Duid.MakeLinkLayer(1, hardware));
        var binding = new Binding
        {
            Link = "subnet-1",
            ClientId = clientId,
            LastTransactionAt = now,
            LinkLayerAddress = (byte[])[0, 1, .. hardware],
            ClientOptions = (byte[])[0, 15, 0, 3, 0, 1, 9],
            Relay = client == 1 ? new RelayData(1, [], null, [[77, 1]]) : new RelayData(1, [], [0, 0, 0, 9, 5, 2], []),
            Leases = [new BoundLease(IaKind.Ipv4, 0, KeyOf(client), phase, 1, 0, 4000, now)],
            Ipv4 = new Ipv4Data(Tunnel, [12, 2, (byte)'h', (byte)'i']),
        };
        kit.Commit(
            BindingKey.For(IdentityKind.ClientId, clientId, "subnet-1"),
            binding,
            new LeaseChange(KeyOf(client), phase switch { LeasePhase.Active => LeaseState.Active, LeasePhase.Declined => LeaseState.Declined, _ => LeaseState.Free }));
    }

    private static ScriptedConnection Follow(LeasequeryKit kit, Dhcp4OptionCode[]? parameters)
    {
        var connection = kit.Connect();
        connection.Send(Query(MessageType.ActiveLeaseQuery, Dhcp4MessageType.ActiveLeaseQuery, parameters));
        return connection;
    }

    private static List<Ipv4Address> Ask(LeasequeryKit kit, Func<Dhcp4.Dhcp4Request, Dhcp4.Dhcp4Request> change)
    {
        var connection = kit.Connect();
        connection.Send(Wrap(MessageType.LeaseQuery, change(Plain(Dhcp4MessageType.BulkLeaseQuery)).ToOctets(), null));
        var answers = connection.TakeAll();
        answers[^1].Status.ShouldBe(StatusCode.Success);
        return [.. answers.Where(HasLease).Select(static a => LeaseIn(a).ClientAddress)];
    }

    private static Dhcp4.Dhcp4Request Plain(Dhcp4MessageType type) => new() { Type = type, ClientId = null, HardwareAddress = [] };

    private static byte[] Inner(Dhcp4MessageType type, Dhcp4OptionCode[]? parameters, params (Dhcp4OptionCode, byte[])[] options)
    {
        var octets = (Plain(type) with { Parameters = parameters ?? [], Options = options }).ToOctets();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(octets.AsSpan(4), 4711);
        return octets;
    }

    private static byte[] Query(
        MessageType outer, Dhcp4MessageType inner, Dhcp4OptionCode[]? parameters = null, Action<List<(OptionCode Code, byte[] Data)>>? change = null, params (Dhcp4OptionCode, byte[])[] options)
        => Wrap(outer, Inner(inner, parameters, options), change);

    // As the seed's use case has it: LQ_QUERY with an ORO for the source address, and DHCPV4_MSG.
    private static byte[] Wrap(MessageType outer, byte[] inner, Action<List<(OptionCode Code, byte[] Data)>>? change) => LeasequeryKit.Query(9, outer, options =>
    {
        options.RemoveAll(static o => o.Code is OptionCode.LqQuery or OptionCode.OptionRequest);
        options.Add((OptionCode.LqQuery, [(byte)QueryType.ByLinkAddress, .. new byte[16], 0, (byte)OptionCode.OptionRequest, 0, 4, 0xfd, 0xed, 0, (byte)OptionCode.UserClass]));
        options.Add((OptionCode.Dhcpv4Message, inner));
        change?.Invoke(options);
    });

    private static byte[] Number(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static bool HasLease(Answer answer) => Dhcp6Message.FromChecked(answer.Octets).Options.Contains(OptionCode.Dhcpv4Message);

    private static Dhcp4Message LeaseIn(Answer answer)
    {
        var options = Dhcp6Message.FromChecked(answer.Octets).Options;
        options.Count(OptionCode.Dhcpv4Message).ShouldBe(1);
        options.TryGet(OptionCode.Dhcpv4Message, out var octets);
        Dhcp4Message.TryRead(octets, 0, out var message, out var defect).ShouldBeTrue(defect.ToString());
        return message;
    }

    private static OptionList ClientDataIn(Answer answer)
    {
        Dhcp6Message.FromChecked(answer.Octets).Options.TryGet(OptionCode.ClientData, out var data).ShouldBeTrue();
        return new OptionList(data);
    }
}
