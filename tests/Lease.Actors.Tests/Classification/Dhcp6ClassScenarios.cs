using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;
using Lease.Actors.Tests.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Tests.Classification;

/// <summary>Guards, lifetimes and options of classes, message by message.</summary>
public sealed class Dhcp6ClassScenarios : Dhcp6TestKit
{
    private static readonly (OptionCode, byte[]) Modem = (OptionCode.UserClass, [0, 5, .. "modem"u8]);
    private static readonly (OptionCode, byte[]) Docsis = (OptionCode.VendorClass, [0, 0, 0x11, 0x8b, 0, 9, .. "docsis3.0"u8]);

    private readonly TestClasses classes = new TestClasses(isIpv4: false).Define("modem", "substring(option[15].hex, 2, all) == 'modem'");

    [Fact]
    public void A_subnet_is_only_for_its_class_and_others_get_another_one_of_the_shared_network()
    {
        Serve(Net(
            TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10")).Make(classes.Guard("modem")),
            TestClasses.Subnet6(2, "2001:db8:2::/64", TestClasses.Pool6("2001:db8:2::10")).Make()));
        Gets("2001:db8:1::/64", Modem).ShouldBeTrue();
        Gets("2001:db8:2::/64").ShouldBeTrue();
    }

    [Fact]
    public void A_client_within_a_closed_subnet_gets_another_one_of_the_shared_network()
    {
        Ipv6Address.TryParse("2001:db8:1::5", out var source).ShouldBeTrue();
        var closed = TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10")) with { Interface = "other" };
        var open = TestClasses.Subnet6(2, "2001:db8:2::/64", TestClasses.Pool6("2001:db8:2::10")) with { Interface = "other" };
        Serve(Net(closed.Make(classes.Guard("modem")), open.Make()));
        Send(MessageType.Solicit, default, source: source.Value);
        In("2001:db8:2::/64", Leases().ShouldHaveSingleItem().Address).ShouldBeTrue();
        Send(MessageType.Solicit, default, source: source.Value, others: Modem);
        In("2001:db8:1::/64", Leases().ShouldHaveSingleItem().Address).ShouldBeTrue();
    }

    [Fact]
    public void Where_no_subnet_is_open_the_packet_has_none()
    {
        Serve(Net(TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10")).Make(classes.Guard("modem"))));
        Send(MessageType.Solicit, default);
        Replies.ShouldBeEmpty();
        Counters.Dropped(Dhcp6Drop.NoSubnet).ShouldBe(1);
    }

    [Fact]
    public void Of_two_subnets_on_one_interface_a_client_is_on_the_one_for_its_class()
    {
        var links = new[]
        {
            new Link { Name = "subnet-1", Subnets = [TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10")).Make(classes.Guard("modem"))] },
            new Link { Name = "subnet-2", Subnets = [TestClasses.Subnet6(2, "2001:db8:2::/64", TestClasses.Pool6("2001:db8:2::10")).Make()] },
        };
        Serve(Configured(OptionSet.Empty, links));
        Gets("2001:db8:2::/64").ShouldBeTrue();
        Gets("2001:db8:1::/64", Modem).ShouldBeTrue();
    }

    [Fact]
    public void A_client_outside_the_network_is_also_outside_its_subnets()
    {
        var guard = new ClassGuard(classes.Named(ClientClass.All), classes.Guard("modem"));
        Serve(Net(TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10")).Make(guard)));
        Send(MessageType.Solicit, default);
        Replies.ShouldBeEmpty();
        Gets("2001:db8:1::/64", Modem).ShouldBeTrue();
    }

    [Fact]
    public void A_pool_is_only_for_its_class()
    {
        Serve(Net(TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10", classes.Guard("other", "modem")), TestClasses.Pool6("2001:db8:1::1:10")).Make()));
        Gets("2001:db8:1::1:0/112").ShouldBeTrue();
        Gets("2001:db8:1::/112", Modem).ShouldBeTrue();
    }

    [Fact]
    public void What_a_client_may_not_have_any_more_is_taken_away_at_its_renewal_and_it_gets_another_address()
    {
        Serve(Net(TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10", classes.Guard("modem")), TestClasses.Pool6("2001:db8:1::1:10")).Make()));
        var address = BindIn(Modem);
        Time.Advance(TimeSpan.FromSeconds(10));
        Send(MessageType.Renew, address, others: Modem);
        Leases().ShouldBe([(address, 4000u)]);
        Time.Advance(TimeSpan.FromSeconds(10));
        Send(MessageType.Renew, address);
        var leases = Leases();
        leases[0].ShouldBe((address, 0u));
        leases.Count.ShouldBe(2);
        leases[1].Valid.ShouldBe(4000u);
        In("2001:db8:1::1:0/112", leases[1].Address).ShouldBeTrue();
    }

    [Fact]
    public void Where_nothing_is_open_a_renewal_takes_away_and_says_so()
    {
        Serve(Net(TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10", classes.Guard("modem"))).Make()));
        var address = BindIn(Modem);
        Time.Advance(TimeSpan.FromSeconds(10));
        Send(MessageType.Renew, address);
        Leases().ShouldBe([(address, 0u)]);
        Send(MessageType.Solicit, default);
        Leases().ShouldBeEmpty();
    }

    [Fact]
    public void Packets_of_DROP_are_dropped()
    {
        classes.Define(ClientClass.Drop, "member('modem')");
        Serve(Net(TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10")).Make()));
        Send(MessageType.Solicit, default, others: Modem);
        Replies.ShouldBeEmpty();
        Counters.Dropped(Dhcp6Drop.DropClass).ShouldBe(1);
        Gets("2001:db8:1::/64").ShouldBeTrue();
    }

    [Fact]
    public void Clients_without_a_reservation_can_be_dropped()
    {
        classes.Define(ClientClass.Drop, "unknown", awaits: true);
        Serve(Net(TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10")).Make()));
        Send(MessageType.Solicit, default);
        Send(MessageType.InformationRequest, default);
        Replies.ShouldBeEmpty();
        Counters.Dropped(Dhcp6Drop.DropClass).ShouldBe(2);
        Serve(Net((TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10")) with { Reservations = ReservationFor([]) }).Make()));
        Gets("2001:db8:1::/64").ShouldBeTrue();
    }

    [Fact]
    public void A_reservation_puts_its_client_into_classes_that_others_depend_on()
    {
        classes.Define("vip", options: TestClasses.Options((203, 1))).Define("known-modem", "member('vip') and member('modem') and known", awaits: true);
        var subnet = TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10", classes.Guard("known-modem")), TestClasses.Pool6("2001:db8:1::1:10"));
        Serve(Net((subnet with { Reservations = ReservationFor(["vip"]) }).Make()));
        Gets("2001:db8:1::1:0/112").ShouldBeTrue();
        Gets("2001:db8:1::/112", Modem).ShouldBeTrue();
        Inform(203).ShouldBe([1]);
        Serve(Net(subnet.Make()));
        Gets("2001:db8:1::1:0/112", Modem).ShouldBeTrue();
    }

    [Fact]
    public void What_depends_on_a_reservations_class_is_evaluated_again()
    {
        classes.Define("reserved", options: TestClasses.Options((203, 1))).Define("unreserved", "not member('reserved')", options: TestClasses.Options((203, 2)));
        var first = TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10"));
        var second = TestClasses.Subnet6(2, "2001:db8:2::/64", TestClasses.Pool6("2001:db8:2::10"));
        Serve(Net(first.Make(classes.Guard("reserved")), second.Make(classes.Guard("unreserved"))));
        Gets("2001:db8:2::/64").ShouldBeTrue();
        Inform(203).ShouldBe([2]);
        Serve(Net(first.Make(classes.Guard("reserved")), (second with { Reservations = ReservationFor(["reserved"]) }).Make(classes.Guard("unreserved"))));
        Gets("2001:db8:1::/64").ShouldBeTrue();
        Inform(203).ShouldBe([1]);
    }

    [Fact]
    public void A_reserved_address_is_its_clients_whatever_pool_it_lies_in()
    {
        Ipv6Address.TryParse("2001:db8:1::12", out var reserved).ShouldBeTrue();
        var subnet = TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10", classes.Guard("modem")));
        Serve(Net((subnet with { Reservations = ReservationFor([], reserved) }).Make()));
        BindIn().ShouldBe(reserved);
        Time.Advance(TimeSpan.FromSeconds(10));
        Send(MessageType.Renew, reserved);
        Leases().ShouldBe([(reserved, 4000u)]);
    }

    [Fact]
    public void Vendor_classes_are_classes()
    {
        Serve(Net(TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10", classes.Guard("VENDOR_CLASS_docsis3.0")), TestClasses.Pool6("2001:db8:1::1:10")).Make()));
        Gets("2001:db8:1::1:0/112").ShouldBeTrue();
        Gets("2001:db8:1::/112", Docsis).ShouldBeTrue();
    }

    [Fact]
    public void A_template_makes_classes_of_its_values()
    {
        classes.Define("kind", template: "substring(option[15].hex, 2, all)", options: TestClasses.Options((203, 3)))
            .Define("SPAWN_kind_modem", options: TestClasses.Options((203, 7)));
        Serve(Net(TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10", classes.Guard("SPAWN_kind_modem"))).Make()));
        Gets("2001:db8:1::/112", Modem).ShouldBeTrue();
        Inform(203, Modem).ShouldBe([7]);
        Inform(203, (OptionCode.UserClass, [0, 1, 65])).ShouldBe([3]);
        Inform(203).ShouldBeNull();
    }

    [Fact]
    public void Lifetimes_of_the_first_class_come_before_those_of_the_subnet()
    {
        classes.Define("none", "1 == 2", valid: new LifetimeRange(1, 1, 1))
            .Define("short", "member('modem')", valid: new LifetimeRange(600, 600, 600))
            .Define("long", "member('modem')", valid: new LifetimeRange(9000, 9000, 9000));
        Serve(Net(TestClasses.Subnet6(1, "2001:db8:1::/64", TestClasses.Pool6("2001:db8:1::10")).Make()));
        Send(MessageType.Solicit, default, others: Modem);
        Leases()[0].Valid.ShouldBe(600u);
        Send(MessageType.Solicit, default);
        Leases()[0].Valid.ShouldBe(4000u);
    }

    [Fact]
    public void Options_of_a_subnet_come_before_those_of_classes_and_these_before_the_globals()
    {
        var global = TestClasses.Options((201, 9), (202, 9), (203, 9), (204, 9));
        classes.Define("second", "member('modem')", options: TestClasses.Options((201, 2), (202, 2), (203, 2)))
            .Define("third", "member('modem')", options: TestClasses.Options((201, 3), (202, 3), (203, 3), (207, 3)))
            .Define("required", "1 == 1", onlyIfRequired: true, options: TestClasses.Options((207, 4), (208, 4)))
            .Define("of-pool", "member('required')", onlyIfRequired: true, options: TestClasses.Options((208, 5), (209, 5)));
        var pool = TestClasses.Pool6("2001:db8:1::10", guard: null, classes["of-pool"]);
        var subnet = TestClasses.Subnet6(1, "2001:db8:1::/64", pool) with { Local = TestClasses.Options((201, 1)), Global = global, Required = classes.Named("required") };
        Serve(Configured(global, new Link { Name = "net", Subnets = [subnet.Make()] }));
        (OptionCode, byte[]) requested = (OptionCode.OptionRequest, [0, 201, 0, 202, 0, 203, 0, 204, 0, 207, 0, 208, 0, 209]);
        Send(MessageType.Solicit, default, others: [Modem, requested]);
        Values(201, 202, 203, 204, 207, 208, 209).ShouldBe([1, 2, 2, 9, 3, 4, 5]);
        Send(MessageType.Solicit, default, others: requested);
        Values(201, 202, 203, 204, 207, 208, 209).ShouldBe([1, 9, 9, 9, 4, 4, 5]);
    }

    private Dhcp6Configuration Net(params Subnet[] subnets) => Configured(OptionSet.Empty, new Link { Name = "net", Subnets = [.. subnets] });

    private Dhcp6Configuration Configured(OptionSet options, params Link[] links) => new()
    {
        Interfaces = [],
        Links = [.. links],
        Options = options,
        Reservations = ReservationTable.Empty,
        Classifier = classes.Classifier,
    };

    private ReservationTable ReservationFor(string[] names, params Ipv6Address[] addresses) => new(
    [
        new Reservation { Kind = ReservationIdentifier.Duid, Identifier = Duid.MakeLinkLayer(1, [2, 0, 0, 0, 0, 1]), Classes = classes.Named(names), Addresses = addresses },
    ]);

    private bool Gets(string prefix, params (OptionCode, byte[])[] others)
    {
        Send(MessageType.Solicit, default, others: others);
        return In(prefix, Leases().ShouldHaveSingleItem().Address);
    }

    private Ipv6Address BindIn(params (OptionCode, byte[])[] others)
    {
        Send(MessageType.Solicit, default, others: others);
        var address = Leases().ShouldHaveSingleItem().Address;
        Send(MessageType.Request, address, others: others);
        Leases().ShouldBe([(address, 4000u)]);
        return address;
    }

    private byte[]? Inform(byte code, params (OptionCode, byte[])[] others)
    {
        Send(MessageType.InformationRequest, default, others: [.. others, (OptionCode.OptionRequest, [0, code])]);
        return LastOptions().TryGet((OptionCode)code, out var data) ? data.ToArray() : null;
    }

    private int[] Values(params ushort[] codes) => [.. codes.Select(c => LastOptions().TryGet((OptionCode)c, out var data) ? data[0] : -1)];

    private List<(Ipv6Address Address, uint Valid)> Leases()
    {
        var leases = new List<(Ipv6Address, uint)>();
        foreach (var option in LastOptions())
        {
            if (!IaOption.TryRead(option, out var ia))
                continue;
            foreach (var inner in ia.Options)
            {
                if (IaAddressOption.TryRead(inner, out var lease))
                    leases.Add((lease.Address, lease.Valid));
            }
        }

        return leases;
    }

    private OptionList LastOptions() => Dhcp6Message.FromChecked(Packets[^1]).Options;

    private static bool In(string prefix, Ipv6Address address) => Ipv6Prefix.TryParse(prefix, out var parsed) && parsed.Contains(address);
}
