using System.Collections.Immutable;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Tests.Dhcp4;

/// <summary>RFC 2131 section 4.3, message by message.</summary>
public sealed class EngineScenarios : Dhcp4TestKit
{
    private static readonly Dhcp4Request Client = new();
    private static readonly Dhcp4Request Other = new() { HardwareAddress = [2, 0, 0, 0, 0, 2], ClientId = [1, 2, 0, 0, 0, 0, 2] };
    private static readonly Ipv4Address First = Address("192.0.2.10");

    public EngineScenarios() => Serve(LinkOf("home", Subnet()));

    [Fact]
    public void DISCOVER_is_offered_an_address_that_nothing_is_committed_for()
    {
        Send(Client);
        var offer = Sent.ShouldHaveSingleItem();
        offer.Type.ShouldBe(Dhcp4MessageType.Offer);
        PrefixOf("192.0.2.0/24").Contains(PortSet.ToMapped(offer.YourAddress)).ShouldBeTrue();
        offer.Message.TransactionId.ShouldBe(99u);
        offer.Message.HardwareAddress.ToArray().ShouldBe(Client.HardwareAddress);
        offer.ServerId.ShouldBe(Dhcp4Configuration.DummyServerId);
        offer.Number(Dhcp4OptionCode.LeaseTime).ShouldBe(4000u);
        offer.Number(Dhcp4OptionCode.SubnetMask).ShouldBe(0xffffff00u);
        offer.Option(Dhcp4OptionCode.ClientId).ShouldBe(Client.ClientId);
        Journal.Decided.ShouldBeEmpty();
    }

    [Fact]
    public void REQUEST_for_what_was_offered_is_acknowledged_after_its_commit()
    {
        Send(Client);
        Journal.HoldWrites = true;
        var offer = Sent[^1];
        Send(Client with { Type = Dhcp4MessageType.Request, Requested = offer.YourAddress, ServerId = offer.ServerId });
        Sent.Count.ShouldBe(1);
        Journal.DecideNext().ShouldBeTrue();
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Ack);
        Sent[^1].YourAddress.ShouldBe(offer.YourAddress);
    }

    [Fact]
    public void REQUEST_that_names_another_server_is_not_answered()
    {
        Send(Client);
        Send(Client with { Type = Dhcp4MessageType.Request, Requested = Sent[^1].YourAddress, ServerId = Address("198.51.100.1") });
        Sent.Count.ShouldBe(1);
        Counters.Dropped(Dhcp4Drop.OtherServer).ShouldBe(1);
    }

    [Fact]
    public void RENEWING_extends_what_the_client_has()
    {
        var address = Bind(Client).YourAddress;
        Time.Advance(TimeSpan.FromSeconds(2000));
        Send(Client with { Type = Dhcp4MessageType.Request, ClientAddress = address });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Ack);
        Sent[^1].YourAddress.ShouldBe(address);
        Sent[^1].Message.ClientAddress.ShouldBe(address);
        Journal.Decided.Count.ShouldBe(2);
    }

    [Fact]
    public void RENEWING_another_address_than_the_clients_is_refused()
    {
        var address = Bind(Client).YourAddress;
        Send(Client with { Type = Dhcp4MessageType.Request, ClientAddress = new Ipv4Address(address.Value + 1) });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Nak);
        Sent[^1].YourAddress.IsUnspecified.ShouldBeTrue();
        Sent[^1].Option(Dhcp4OptionCode.LeaseTime).ShouldBeNull();
    }

    [Fact]
    public void INIT_REBOOT_with_the_clients_address_is_acknowledged()
    {
        var address = Bind(Client).YourAddress;
        Send(Client with { Type = Dhcp4MessageType.Request, Requested = address });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Ack);
    }

    [Fact]
    public void INIT_REBOOT_off_the_link_is_refused()
    {
        Send(Client with { Type = Dhcp4MessageType.Request, Requested = Address("198.51.100.7") });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Nak);
    }

    [Fact]
    public void INIT_REBOOT_of_an_unknown_client_is_left_to_the_server_that_knows_it()
    {
        Send(Client with { Type = Dhcp4MessageType.Request, Requested = First });
        Sent.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.NoBinding).ShouldBe(1);
    }

    [Fact]
    public void INIT_REBOOT_of_an_unknown_client_is_refused_by_an_authoritative_server()
    {
        Serve(LinkOf("home", Subnet(authoritative: true)));
        Send(Client with { Type = Dhcp4MessageType.Request, Requested = First });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Nak);
    }

    [Fact]
    public void RELEASE_ends_the_lease_without_an_answer_and_the_client_gets_it_again()
    {
        var address = Bind(Client).YourAddress;
        var before = Sent.Count;
        Send(Client with { Type = Dhcp4MessageType.Release, ClientAddress = address, ServerId = Dhcp4Configuration.DummyServerId });
        Sent.Count.ShouldBe(before);
        Journal.Decided[^1].Leases.Span[0].State.ShouldBe(LeaseState.Free);
        Send(Client);
        Sent[^1].YourAddress.ShouldBe(address);
    }

    [Fact]
    public void RELEASE_of_what_the_client_has_not_changes_nothing()
    {
        Bind(Client);
        Send(Client with { Type = Dhcp4MessageType.Release, ClientAddress = Address("192.0.2.200") });
        Journal.Decided.Count.ShouldBe(1);
    }

    [Fact]
    public void DECLINE_takes_the_address_out_of_use_and_the_client_gets_another()
    {
        var address = Bind(Client).YourAddress;
        Send(Client with { Type = Dhcp4MessageType.Decline, Requested = address, ServerId = Dhcp4Configuration.DummyServerId });
        Journal.Decided[^1].Leases.Span[0].State.ShouldBe(LeaseState.Declined);
        Bind(Client).YourAddress.ShouldNotBe(address);
    }

    [Fact]
    public void INFORM_is_told_options_and_no_lease()
    {
        Serve(LinkOf("home", Subnet(options: new OptionSet([Option(6, [192, 0, 2, 53])]))));
        Send(Client with { Type = Dhcp4MessageType.Inform, ClientAddress = First });
        var ack = Sent.ShouldHaveSingleItem();
        ack.Type.ShouldBe(Dhcp4MessageType.Ack);
        ack.YourAddress.IsUnspecified.ShouldBeTrue();
        ack.Message.ClientAddress.ShouldBe(First);
        ack.Option(Dhcp4OptionCode.LeaseTime).ShouldBeNull();
        ack.Option(Dhcp4OptionCode.DnsServers).ShouldBe([192, 0, 2, 53]);
        Journal.Decided.ShouldBeEmpty();
    }

    [Fact]
    public void A_lease_that_turns_out_to_be_anothers_again_and_again_is_given_up_not_tried_for_ever()
    {
        var ack = Bind(Client);
        var (decided, sent) = (Journal.Decided.Count, Sent.Count);
        Time.Advance(TimeSpan.FromSeconds(3));
        for (var i = 0; i < 100; i++)
            Journal.Script(JournalOutcome.LeaseConflict);
        Send(Client with { Type = Dhcp4MessageType.Request, ClientAddress = ack.YourAddress });
        Sent.Count.ShouldBe(sent);
        Journal.Decided.Count.ShouldBe(decided + 2);
        Counters.Dropped(Dhcp4Drop.NotCommitted).ShouldBe(1);
    }

    [Fact]
    public void Rapid_commit_is_acknowledged_at_once_where_it_is_switched_on()
    {
        var asking = Client with { Options = [(Dhcp4OptionCode.RapidCommit, [])] };
        Send(asking);
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Offer);
        Serve(LinkOf("home", Subnet(rapidCommit: true)));
        Send(asking);
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Ack);
        Sent[^1].Option(Dhcp4OptionCode.RapidCommit).ShouldBe([]);
        Journal.Decided.Count.ShouldBe(1);
    }

    [Fact]
    public void Every_address_of_a_pool_is_leased_once_and_then_there_is_silence()
    {
        Serve(LinkOf("home", Subnet(pools: [PoolOf("192.0.2.10", 3)])));
        var seen = new HashSet<Ipv4Address>();
        for (byte i = 1; i <= 3; i++)
            seen.Add(Bind(Client with { HardwareAddress = [2, 0, 0, 0, 1, i], ClientId = null }).YourAddress);
        seen.Count.ShouldBe(3);
        var before = Sent.Count;
        foreach (var write in Journal.Decided)
            Slices.Taken.Add(write.Leases.Span[0].Key);
        Send(Other);
        Sent.Count.ShouldBe(before);
        Counters.Dropped(Dhcp4Drop.NoAddress).ShouldBe(1);
    }

    [Fact]
    public void A_reserved_address_goes_to_its_client_and_to_no_other()
    {
        var reserved = Address("192.0.2.10");
        Serve(LinkOf("home", Subnet(pools: [PoolOf("192.0.2.10", 2)], reservation: new Reservation
        {
            Kind = ReservationIdentifier.ClientId,
            Identifier = Client.ClientId!,
            Addresses = [PortSet.ToMapped(reserved)],
            Hostname = "cpe-1",
            Boot = new BootFields(Address("192.0.2.66"), ServerName: null, "boot"u8.ToArray()),
        })));
        Bind(Other).YourAddress.ShouldBe(new Ipv4Address(reserved.Value + 1));
        var ack = Bind(Client);
        ack.YourAddress.ShouldBe(reserved);
        ack.Option(Dhcp4OptionCode.HostName).ShouldBe("cpe-1"u8.ToArray());
        ack.Message.NextServer.ShouldBe(Address("192.0.2.66"));
        ack.Message.BootFile.ToArray().ShouldBe("boot"u8.ToArray());
    }

    [Fact]
    public void A_client_is_known_by_its_DUID_and_by_its_hardware_address()
    {
        foreach (var (kind, identifier) in new[] { (ReservationIdentifier.Duid, Client.ClientId![5..]), (ReservationIdentifier.HardwareAddress, Client.HardwareAddress) })
        {
            Serve(LinkOf("home", Subnet(reservation: new Reservation { Kind = kind, Identifier = identifier, Addresses = [PortSet.ToMapped(Address("192.0.2.99"))] })));
            Send(Client);
            Sent[^1].YourAddress.ShouldBe(Address("192.0.2.99"));
        }
    }

    [Fact]
    public void A_lease_that_is_reserved_for_another_client_is_refused_at_its_renewal()
    {
        var address = Bind(Client).YourAddress;
        Serve(LinkOf("home", Subnet(reservation: new Reservation { Kind = ReservationIdentifier.HardwareAddress, Identifier = Other.HardwareAddress, Addresses = [PortSet.ToMapped(address)] })));
        Send(Client with { Type = Dhcp4MessageType.Request, ClientAddress = address });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Nak);
        Journal.Decided[^1].Leases.Span[0].State.ShouldBe(LeaseState.Free);
    }

    [Fact]
    public void Client_identifier_and_hardware_address_tell_clients_apart_as_configured()
    {
        Serve(LinkOf("home", Subnet(matchClientId: false)));
        var address = Bind(Client).YourAddress;
        Bind(Client with { ClientId = [1, 9, 9] }).YourAddress.ShouldBe(address);
        Bind(Client with { HardwareAddress = [2, 0, 0, 0, 0, 9] }).YourAddress.ShouldNotBe(address);
    }

    [Fact]
    public void The_clients_lease_time_is_kept_within_the_limits()
    {
        Serve(LinkOf("home", Subnet(lifetimes: new Lifetimes(0, 0, 0, 1000, 4000, 8000))));
        foreach (var (asked, granted) in new[] { (10u, 1000u), (5000u, 5000u), (uint.MaxValue, 8000u) })
        {
            Send(Client with { Options = [(Dhcp4OptionCode.LeaseTime, [(byte)(asked >> 24), (byte)(asked >> 16), (byte)(asked >> 8), (byte)asked])] });
            Sent[^1].Number(Dhcp4OptionCode.LeaseTime).ShouldBe(granted);
        }
    }

    [Fact]
    public void T1_and_T2_are_sent_where_they_are_configured()
    {
        Serve(LinkOf("home", Subnet(timers: new RenewalTimers(1000, 2000, Calculate: false))));
        Send(Client);
        Sent[^1].Number(Dhcp4OptionCode.RenewalTime).ShouldBe(1000u);
        Sent[^1].Number(Dhcp4OptionCode.RebindingTime).ShouldBe(2000u);
    }

    [Fact]
    public void A_failed_commit_leaves_the_client_without_an_answer()
    {
        Send(Client);
        Journal.Script(JournalOutcome.Failed);
        Send(Client with { Type = Dhcp4MessageType.Request, Requested = Sent[^1].YourAddress, ServerId = Sent[^1].ServerId });
        Sent.Count.ShouldBe(1);
        Counters.Dropped(Dhcp4Drop.NotCommitted).ShouldBe(1);
    }

    [Fact]
    public void A_lease_that_another_binding_holds_is_refused_and_the_next_offer_is_another()
    {
        Send(Client);
        var offer = Sent[^1];
        Journal.Script(JournalOutcome.LeaseConflict);
        Send(Client with { Type = Dhcp4MessageType.Request, Requested = offer.YourAddress, ServerId = offer.ServerId });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Nak);
        Bind(Client).YourAddress.ShouldNotBe(offer.YourAddress);
    }

    [Fact]
    public void An_ended_lease_is_expired_by_an_event()
    {
        Bind(Client);
        Time.Advance(TimeSpan.FromSeconds(4001));
        var due = Journal.Decided[^1].Key;
        Region.Tell(new ExpireBinding(due, Configuration4()));
        Journal.Decided[^1].Leases.Span[0].State.ShouldBe(LeaseState.Free);
    }

    internal static Ipv4Address Address(string text)
    {
        Ipv4Address.TryParse(text, out var address).ShouldBeTrue();
        return address;
    }

    internal static ConfiguredOption Option(ushort code, byte[] data, bool always = false) => new(code, Vendor: null, data, always, NeverSend: false);

    internal static Dhcp4Subnet Subnet(
        ImmutableArray<AddressPool>? pools = null,
        bool authoritative = false,
        bool rapidCommit = false,
        bool matchClientId = true,
        Reservation? reservation = null,
        OptionSet? options = null,
        Lifetimes? lifetimes = null,
        RenewalTimers? timers = null,
        Ipv6Prefix? tunnelPrefix = null,
        string prefix = "192.0.2.0/24",
        uint id = 1) => new()
        {
            Id = id,
            Prefix = PrefixOf(prefix),
            Selectors = new SubnetSelectors(),
            Pools = pools ?? [PoolOf(prefix.Replace(".0/24", ".10", StringComparison.Ordinal), 100)],
            PrefixPools = [],
            Lifetimes = lifetimes ?? new Lifetimes(0, 0, 0, 4000, 4000, 4000),
            Timers = timers ?? new RenewalTimers(T1: null, T2: null, Calculate: false),
            RapidCommit = rapidCommit,
            Options = options ?? OptionSet.Empty,
            Reservations = reservation is null ? ReservationTable.Empty : new ReservationTable([reservation]),
            Authoritative = authoritative,
            MatchClientId = matchClientId,
            TunnelSourcePrefix = tunnelPrefix,
        };

    private static Dhcp4Configuration Configuration4() => new() { Links = [LinkOf("home", Subnet())], Options = OptionSet.Empty, Reservations = ReservationTable.Empty };
}
