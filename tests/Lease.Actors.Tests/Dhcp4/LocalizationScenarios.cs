using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using static Lease.Actors.Tests.Dhcp4.EngineScenarios;

namespace Lease.Actors.Tests.Dhcp4;

/// <summary>Which link a DHCPv4 message is for: ISC's order, each step with everything after it saying something else.</summary>
public sealed class LocalizationScenarios : Dhcp4TestKit
{
    private static readonly Dhcp4Request Client = new();

    public LocalizationScenarios() => Serve(
        LinkOf("home", Subnet(id: 1, prefix: "192.0.2.0/24")),
        LinkOf("far", Subnet(id: 2, prefix: "198.51.100.0/24")),
        LinkOf("subnet4-3", Subnet(id: 3, prefix: "203.0.113.0/24")),
        LinkOf("subnet4-4", Subnet(id: 4, prefix: "10.0.0.0/24")));

    [Fact]
    public void Link_selection_of_the_relay_agent_comes_first()
    {
        Send(Client with
        {
            Options = [(Dhcp4OptionCode.RelayAgentInformation, [5, 4, 10, 0, 0, 0]), (Dhcp4OptionCode.SubnetSelection, [203, 0, 113, 0])],
            RelayAddress = Address("198.51.100.1"),
        });
        OfferIsOf("10.0.0.0/24");
    }

    [Fact]
    public void Subnet_selection_comes_second()
    {
        Send(Client with { Options = [(Dhcp4OptionCode.SubnetSelection, [203, 0, 113, 0])], RelayAddress = Address("10.0.0.1") }, new Relay("2001:db8:2::1"));
        OfferIsOf("203.0.113.0/24");
    }

    [Fact]
    public void The_DHCPv4_relays_address_comes_third()
    {
        Send(Client with { RelayAddress = Address("10.0.0.1") }, new Relay("2001:db8:2::1"));
        OfferIsOf("10.0.0.0/24");
    }

    [Fact]
    public void The_DHCPv6_relay_nearest_to_the_client_with_a_usable_address_comes_fourth()
    {
        Send(Client, new Relay("2001:db8:1::1"), new Relay("2001:db8:2::1"), new Relay("fe80::1"), new Relay("::"));
        OfferIsOf("198.51.100.0/24");
    }

    [Fact]
    public void The_receiving_interface_comes_last()
    {
        Send(Client);
        OfferIsOf("192.0.2.0/24");
    }

    [Fact]
    public void An_address_that_fits_no_subnet_is_not_overruled()
    {
        Send(Client with { Options = [(Dhcp4OptionCode.SubnetSelection, [172, 16, 0, 0])] });
        Sent.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.NoSubnet).ShouldBe(1);
    }

    [Fact]
    public void A_link_without_IPv4_is_not_served()
    {
        Serve(LinkOf("far", Subnet(id: 2, prefix: "198.51.100.0/24")));
        Send(Client);
        Sent.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.NoSubnet).ShouldBe(1);
    }

    [Fact]
    public void Keas_4o6_settings_find_a_subnet_that_stands_alone()
    {
        Ipv6Prefix.TryParse("2001:db8:9::/48", out var prefix).ShouldBeTrue();
        Serve(
            LinkOf("subnet4-1", With(Subnet(id: 1, prefix: "192.0.2.0/24"), @interface: "eth7")),
            LinkOf("subnet4-2", With(Subnet(id: 2, prefix: "198.51.100.0/24"), interfaceId: "port-5"u8.ToArray())),
            LinkOf("subnet4-3", With(Subnet(id: 3, prefix: "203.0.113.0/24"), subnet6: prefix)));
        InterfaceName = "eth7";
        Send(Client);
        OfferIsOf("192.0.2.0/24");
        Send(Client, new Relay("2001:db8:2::1", "port-5"u8.ToArray()));
        OfferIsOf("198.51.100.0/24");
        Send(Client, new Relay("2001:db8:9:1::1"));
        OfferIsOf("203.0.113.0/24");
    }

    private static Dhcp4Subnet With(Dhcp4Subnet subnet, string? @interface = null, byte[]? interfaceId = null, Ipv6Prefix? subnet6 = null) => new()
    {
        Id = subnet.Id,
        Prefix = subnet.Prefix,
        Selectors = subnet.Selectors,
        Pools = subnet.Pools,
        PrefixPools = [],
        Lifetimes = subnet.Lifetimes,
        Timers = subnet.Timers,
        Options = subnet.Options,
        Reservations = subnet.Reservations,
        Dhcp6Interface = @interface,
        Dhcp6InterfaceId = interfaceId,
        Dhcp6Subnet = subnet6,
    };

    private void OfferIsOf(string prefix)
    {
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Offer);
        PrefixOf(prefix).Contains(PortSet.ToMapped(Sent[^1].YourAddress)).ShouldBeTrue(Sent[^1].YourAddress.ToString());
    }
}
