using Lease.Actors.Bindings;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Actors.Tests.Dhcp4;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Tests.Classification;

/// <summary>Guards, lifetimes, options and boot fields of classes for DHCPv4 over DHCPv6.</summary>
public sealed class Dhcp4ClassScenarios : Dhcp4TestKit
{
    private static readonly Dhcp4Request Client = new();
    private static readonly Dhcp4Request SetTop = Client with { Options = [(Dhcp4OptionCode.VendorClass, "set-top"u8.ToArray())] };

    private readonly TestClasses classes = new TestClasses(isIpv4: true).Define("tv", "option[60].text == 'set-top'");

    [Fact]
    public void A_subnet_is_only_for_its_class_and_others_get_another_one_of_the_shared_network()
    {
        Serve(Subnet(1, "192.0.2.0/24", classes.Guard("tv"), PoolOf("192.0.2.10", 16)), Subnet(2, "198.51.100.0/24", guard: null, PoolOf("198.51.100.10", 16)));
        In("192.0.2.0/24", Bind(SetTop)).ShouldBeTrue();
        Send(Client);
        In("198.51.100.0/24", Sent[^1]).ShouldBeTrue();
        Sent.Clear();
        Send(Client with { RelayAddress = new Ipv4Address(0xc0000201) });
        In("198.51.100.0/24", Sent[^1]).ShouldBeTrue();
    }

    [Fact]
    public void A_pool_is_only_for_its_class()
    {
        Serve(Subnet(1, "192.0.2.0/24", guard: null, Guarded(PoolOf("192.0.2.128", 16), "tv"), PoolOf("192.0.2.10", 16)));
        Send(Client);
        In("192.0.2.0/25", Sent[^1]).ShouldBeTrue();
        Send(SetTop);
        In("192.0.2.128/25", Sent[^1]).ShouldBeTrue();
    }

    [Fact]
    public void What_a_client_may_not_have_any_more_is_refused_at_its_renewal_and_it_gets_another_address()
    {
        Serve(Subnet(1, "192.0.2.0/24", guard: null, Guarded(PoolOf("192.0.2.128", 16), "tv"), PoolOf("192.0.2.10", 16)));
        var address = Bind(SetTop).YourAddress;
        Time.Advance(TimeSpan.FromSeconds(10));
        Send(SetTop with { Type = Dhcp4MessageType.Request, ClientAddress = address });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Ack);
        Time.Advance(TimeSpan.FromSeconds(10));
        Send(Client with { Type = Dhcp4MessageType.Request, ClientAddress = address });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Nak);
        In("192.0.2.0/25", Bind(Client)).ShouldBeTrue();
    }

    [Fact]
    public void Packets_of_DROP_are_dropped()
    {
        classes.Define(ClientClass.Drop, "member('tv')");
        Serve(Subnet(1, "192.0.2.0/24", guard: null, PoolOf("192.0.2.10", 16)));
        Send(SetTop);
        Sent.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.DropClass).ShouldBe(1);
        Bind(Client);
    }

    [Fact]
    public void Lifetimes_and_boot_fields_of_a_class_come_before_those_of_the_subnet()
    {
        classes.Define("lean", "member('tv')", valid: new LifetimeRange(300, 600, 900), boot: new BootFields(new Ipv4Address(0xc0000242), ServerName: null, "tv.img"u8.ToArray()));
        Serve(Subnet(1, "192.0.2.0/24", guard: null, PoolOf("192.0.2.10", 16)));
        var ack = Bind(SetTop);
        ack.Number(Dhcp4OptionCode.LeaseTime).ShouldBe(600u);
        ack.Message.NextServer.ToString().ShouldBe("192.0.2.66");
        ack.Message.BootFile.ToArray().ShouldBe("tv.img"u8.ToArray());
        Send(Client);
        Sent[^1].Number(Dhcp4OptionCode.LeaseTime).ShouldBe(4000u);
        Sent[^1].Message.BootFile.ToArray().ShouldBe("subnet.img"u8.ToArray());
        Sent[^1].Message.ServerName.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void Options_of_a_subnet_come_before_those_of_classes_and_these_before_the_globals()
    {
        var global = TestClasses.Options((224, 9), (225, 9), (226, 9));
        classes.Define("second", "member('tv')", options: new OptionSet([.. TestClasses.Options((224, 2), (225, 2)).Options, new ConfiguredOption(1, 4491, [2], AlwaysSend: true, NeverSend: false)]))
            .Define("required", "1 == 1", onlyIfRequired: true, options: TestClasses.Options((225, 3), (227, 3)));
        var subnet = Subnet(1, "192.0.2.0/24", guard: null, global, TestClasses.Options((224, 1)), classes["required"], PoolOf("192.0.2.10", 16));
        Serve(classes.Classifier, global, LinkOf("home", subnet));
        Dhcp4OptionCode[] parameters = [(Dhcp4OptionCode)224, (Dhcp4OptionCode)225, (Dhcp4OptionCode)226, (Dhcp4OptionCode)227];
        Send(SetTop with { Parameters = parameters });
        parameters.Select(Last).ShouldBe([1, 2, 9, 3]);
        Sent[^1].Option(Dhcp4OptionCode.VendorIdentifyingInformation).ShouldBe([0, 0, 0x11, 0x8b, 3, 1, 1, 2]);
        Send(Client with { Parameters = parameters });
        parameters.Select(Last).ShouldBe([1, 3, 9, 3]);
        Sent[^1].Option(Dhcp4OptionCode.VendorIdentifyingInformation).ShouldBeNull();
        Send(SetTop with { Type = Dhcp4MessageType.Inform, ClientAddress = new Ipv4Address(0xc0000205), Parameters = parameters });
        parameters.Select(Last).ShouldBe([1, 2, 9, 3]);
    }

    [Fact]
    public void The_relays_of_the_DHCPV4_QUERY_can_tell_the_line()
    {
        classes.Define("line-7", "relay6[0].option[18].hex == 'line-7'");
        Serve(Subnet(1, "192.0.2.0/24", guard: null, Guarded(PoolOf("192.0.2.128", 16), "line-7"), PoolOf("192.0.2.10", 16)));
        Send(Client, new Relay("2001:db8:1::1", "line-7"u8.ToArray()));
        In("192.0.2.128/25", Sent[^1]).ShouldBeTrue();
        Send(Client, new Relay("2001:db8:1::1", "line-8"u8.ToArray()));
        In("192.0.2.0/25", Sent[^1]).ShouldBeTrue();
    }

    private int Last(Dhcp4OptionCode code) => Sent[^1].Option(code)?[0] ?? -1;

    private static bool In(string prefix, SentMessage sent) => PrefixOf(prefix).Contains(PortSet.ToMapped(sent.YourAddress));

    private AddressPool Guarded(AddressPool pool, string name) => new() { Range = pool.Range, Options = pool.Options, Guard = classes.Guard(name) };

    private void Serve(params Dhcp4Subnet[] subnets) => Serve(classes.Classifier, OptionSet.Empty, LinkOf("home", subnets));

    private static Dhcp4Subnet Subnet(uint id, string prefix, ClassGuard? guard, params AddressPool[] pools)
        => Subnet(id, prefix, guard, OptionSet.Empty, OptionSet.Empty, required: null, pools);

    private static Dhcp4Subnet Subnet(uint id, string prefix, ClassGuard? guard, OptionSet global, OptionSet local, ClientClass? required, params AddressPool[] pools) => new()
    {
        Id = id,
        Prefix = PrefixOf(prefix),
        Selectors = new SubnetSelectors(),
        Pools = [.. pools],
        PrefixPools = [],
        Lifetimes = new Lifetimes(0, 0, 0, 4000, 4000, 4000),
        Timers = new RenewalTimers(T1: null, T2: null, Calculate: false),
        Options = local.Over(global),
        LocalOptions = local,
        Guard = guard,
        RequiredClasses = required is null ? [] : [required],
        Reservations = ReservationTable.Empty,
        Authoritative = true,
        Boot = new BootFields(NextServer: null, ServerName: null, "subnet.img"u8.ToArray()),
    };
}
