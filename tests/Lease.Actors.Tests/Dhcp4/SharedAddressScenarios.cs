using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using static Lease.Actors.Tests.Dhcp4.EngineScenarios;

namespace Lease.Actors.Tests.Dhcp4;

/// <summary>Shared IPv4 addresses (RFC 7618) and tunnel source addresses (RFC 8539).</summary>
public sealed class SharedAddressScenarios : Dhcp4TestKit
{
    private static readonly PortParameters TwoBits = new(6, 2, 0);
    private static readonly Dhcp4Request Client = new() { Parameters = [Dhcp4OptionCode.PortParameters] };
    private static readonly Ipv6Address Tunnel = V6("2001:db8:77::1");

    public SharedAddressScenarios() => Serve(LinkOf("home", Subnet(pools: [PoolOf("192.0.2.10", 2, TwoBits)])));

    [Fact]
    public void An_address_is_shared_by_as_many_clients_as_there_are_port_sets()
    {
        var seen = new HashSet<(Ipv4Address, PortParameters)>();
        for (byte i = 0; i < 8; i++)
        {
            var ack = Bind(Client with { HardwareAddress = [2, 0, 0, 0, 1, i], ClientId = null });
            ack.Ports.ShouldNotBeNull().PsidLength.ShouldBe((byte)2);
            ack.Ports.Value.Offset.ShouldBe((byte)6);
            seen.Add((ack.YourAddress, ack.Ports.Value)).ShouldBeTrue();
        }

        seen.Select(static s => s.Item1).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public void A_client_that_cannot_share_gets_no_shared_address()
    {
        Send(Client with { Parameters = [] });
        Sent.ShouldBeEmpty();
        Serve(LinkOf("home", Subnet(pools: [PoolOf("192.0.2.10", 2, TwoBits), PoolOf("192.0.2.50", 1)])));
        Bind(Client with { Parameters = [] }).YourAddress.ShouldBe(Address("192.0.2.50"));
        Sent[^1].Ports.ShouldBeNull();
    }

    [Fact]
    public void A_client_that_can_share_gets_a_whole_address_only_when_no_port_set_is_left()
    {
        Serve(LinkOf("home", Subnet(pools: [PoolOf("192.0.2.50", 1), PoolOf("192.0.2.10", 1, new PortParameters(6, 1, 0))])));
        Bind(Client with { HardwareAddress = [2, 0, 0, 0, 1, 1], ClientId = null }).Ports.ShouldNotBeNull();
        Bind(Client with { HardwareAddress = [2, 0, 0, 0, 1, 2], ClientId = null }).Ports.ShouldNotBeNull();
        foreach (var write in Journal.Decided)
            Slices.Taken.Add(write.Leases.Span[0].Key);
        Bind(Client with { HardwareAddress = [2, 0, 0, 0, 1, 3], ClientId = null }).Ports.ShouldBeNull();
    }

    [Fact]
    public void Port_sets_with_well_known_ports_are_left_out_where_there_is_no_offset()
    {
        // 8 bits of PSID, 256 ports in a set: the first four sets hold 0 to 1023.
        Serve(LinkOf("home", Subnet(pools: [PoolOf("192.0.2.10", 1, new PortParameters(0, 8, 4))])));
        for (byte i = 0; i < 8; i++)
            Bind(Client with { HardwareAddress = [2, 0, 0, 0, 1, i], ClientId = null }).Ports!.Value.Ranges().Single().First.ShouldBeGreaterThanOrEqualTo((ushort)1024);
    }

    [Fact]
    public void The_port_set_that_the_client_names_is_the_one_it_gets()
    {
        var wanted = new PortParameters(6, 2, 3);
        Send(Client with { Requested = Address("192.0.2.11"), Ports = wanted });
        Sent[^1].YourAddress.ShouldBe(Address("192.0.2.11"));
        Sent[^1].Ports.ShouldBe(wanted);
    }

    [Fact]
    public void Another_port_set_of_the_same_address_is_not_what_was_offered()
    {
        var ack = Bind(Client);
        var taken = ack.Ports!.Value;
        var other = Client with { HardwareAddress = [2, 0, 0, 0, 9, 9], ClientId = null };
        Send(other with { Type = Dhcp4MessageType.Request, Requested = ack.YourAddress, ServerId = ack.ServerId, Ports = taken });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Nak);
    }

    [Fact]
    public void Renewal_and_release_are_of_the_port_set_that_the_client_has()
    {
        var ack = Bind(Client);
        var key = PortSet.KeyOf(ack.YourAddress, ack.Ports!.Value);
        Send(Client with { Type = Dhcp4MessageType.Request, ClientAddress = ack.YourAddress });
        Sent[^1].Ports.ShouldBe(ack.Ports);
        Send(Client with { Type = Dhcp4MessageType.Release, ClientAddress = ack.YourAddress });
        Journal.Decided[^1].Leases.Span[0].ShouldBe(new LeaseChange(key, LeaseState.Free));
    }

    [Fact]
    public void The_tunnel_source_is_recorded_and_comes_back()
    {
        var ack = Bind(Client with { TunnelSource = Tunnel });
        ack.TunnelSource.ShouldBe(Tunnel);
        Stored().Ipv4!.TunnelSource.ShouldBe(Tunnel);
        Journal.Decided[^1].Leases.ToArray().ShouldContain(new LeaseChange(Ipv4Data.TunnelKey(Tunnel), LeaseState.Active));
    }

    [Fact]
    public void The_drafts_DHCPv6_option_says_the_same()
    {
        var octets = new byte[16];
        Tunnel.Write(octets);
        Bind(Client with { Dhcp6Options = [((OptionCode)65005, octets)] }).TunnelSource.ShouldBe(Tunnel);
    }

    [Fact]
    public void A_renewal_with_another_tunnel_source_changes_it_and_one_without_keeps_it()
    {
        var ack = Bind(Client with { TunnelSource = Tunnel });
        var renewal = Client with { Type = Dhcp4MessageType.Request, ClientAddress = ack.YourAddress };
        Send(renewal);
        Sent[^1].TunnelSource.ShouldBe(Tunnel);
        var moved = V6("2001:db8:77::2");
        Send(renewal with { TunnelSource = moved });
        Sent[^1].TunnelSource.ShouldBe(moved);
        Stored().Ipv4!.TunnelSource.ShouldBe(moved);
        var changes = Journal.Decided[^1].Leases.ToArray();
        changes.ShouldContain(new LeaseChange(Ipv4Data.TunnelKey(Tunnel), LeaseState.Free));
        changes.ShouldContain(new LeaseChange(Ipv4Data.TunnelKey(moved), LeaseState.Active));
    }

    [Fact]
    public void A_tunnel_source_of_another_client_is_refused_until_that_one_has_gone()
    {
        var first = Client with { TunnelSource = Tunnel };
        var ack = Bind(first);
        var second = first with { HardwareAddress = [2, 0, 0, 0, 9, 9], ClientId = null };
        Send(second);
        Send(second with { Type = Dhcp4MessageType.Request, Requested = Sent[^1].YourAddress, ServerId = Sent[^1].ServerId, Ports = Sent[^1].Ports });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Nak);
        Send(first with { Type = Dhcp4MessageType.Release, ClientAddress = ack.YourAddress });
        Bind(second).TunnelSource.ShouldBe(Tunnel);
    }

    [Theory]
    [InlineData("2001:db8:77::1")]
    [InlineData("ff02::1")]
    public void Rapid_commit_with_a_tunnel_source_that_the_client_may_not_have_becomes_an_offer(string wanted)
    {
        Serve(LinkOf("home", Subnet(pools: [PoolOf("192.0.2.10", 2, TwoBits)], rapidCommit: true)));
        Bind(Client with { TunnelSource = Tunnel });
        var second = Client with { HardwareAddress = [2, 0, 0, 0, 9, 9], ClientId = null, TunnelSource = V6(wanted), Options = [(Dhcp4OptionCode.RapidCommit, [])] };
        Send(second);
        var offer = Sent[^1];
        offer.Type.ShouldBe(Dhcp4MessageType.Offer);
        Send(second with { Type = Dhcp4MessageType.Request, Requested = offer.YourAddress, ServerId = offer.ServerId, Ports = offer.Ports });
        Sent[^1].Type.ShouldBe(Dhcp4MessageType.Nak);
    }

    [Fact]
    public void A_BOOTREQUEST_with_the_tunnel_source_of_another_client_is_dropped()
    {
        ServesBootp = true;
        Serve(LinkOf("home", Subnet(pools: [PoolOf("192.0.2.10", 9)])));
        Bind(Client with { TunnelSource = Tunnel });
        var sent = Sent.Count;
        Send(Client with { Type = Dhcp4MessageType.Bootp, HardwareAddress = [2, 0, 0, 0, 9, 9], ClientId = null, TunnelSource = Tunnel });
        Sent.Count.ShouldBe(sent);
        Counters.Dropped(Dhcp4Drop.TunnelSource).ShouldBe(1);
    }

    [Fact]
    public void A_client_that_returns_without_a_tunnel_source_does_not_miss_the_one_that_another_client_has_now()
    {
        var first = Client with { TunnelSource = Tunnel };
        var ack = Bind(first);
        Send(first with { Type = Dhcp4MessageType.Release, ClientAddress = ack.YourAddress });
        Bind(first with { HardwareAddress = [2, 0, 0, 0, 9, 9], ClientId = null });
        Bind(Client).TunnelSource.ShouldBeNull();
    }

    [Fact]
    public void A_tunnel_source_outside_the_configured_prefix_is_refused()
    {
        Ipv6Prefix.TryParse("2001:db8:77::/64", out var prefix).ShouldBeTrue();
        Serve(LinkOf("home", Subnet(pools: [PoolOf("192.0.2.10", 2, TwoBits)], tunnelPrefix: prefix)));
        Bind(Client with { TunnelSource = Tunnel }).TunnelSource.ShouldBe(Tunnel);
        foreach (var wrong in new[] { "2001:db8:78::1", "fe80::1", "ff02::1", "::" })
        {
            Send(Client with { Type = Dhcp4MessageType.Request, ClientAddress = Sent[0].YourAddress, TunnelSource = V6(wrong) });
            Sent[^1].Type.ShouldBe(Dhcp4MessageType.Nak);
        }
    }

    [Fact]
    public void The_tunnel_source_is_free_again_when_the_lease_has_expired()
    {
        Bind(Client with { TunnelSource = Tunnel });
        Time.Advance(TimeSpan.FromSeconds(4001));
        Region.Tell(new ExpireBinding(Journal.Decided[^1].Key, new Dhcp4Configuration { Links = [], Options = OptionSet.Empty, Reservations = ReservationTable.Empty }));
        Journal.Decided[^1].Leases.ToArray().ShouldContain(new LeaseChange(Ipv4Data.TunnelKey(Tunnel), LeaseState.Free));
        Bind(Client with { TunnelSource = Tunnel, HardwareAddress = [2, 0, 0, 0, 9, 9], ClientId = null }).TunnelSource.ShouldBe(Tunnel);
    }

    private static Ipv6Address V6(string text)
    {
        Ipv6Address.TryParse(text, out var address).ShouldBeTrue();
        return address;
    }

    private Binding Stored() => BindingCodec.Decode(Journal.Decided[^1].Key, Journal.Decided[^1].Row!.Payload.Span);
}
