using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Host.Configuration;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Host.Tests.Configuration;

/// <summary>The <c>Dhcp4</c> object, in Kea's dialect.</summary>
public sealed class Dhcp4ConfigurationTests
{
    [Fact]
    public void Levels_are_inherited_and_the_most_specific_one_counts()
    {
        var dhcp4 = Service("""
            "valid-lifetime": 4000, "authoritative": true, "next-server": "192.0.2.66", "boot-file-name": "global",
            "option-data": [{"name": "domain-name-servers", "data": "192.0.2.53"}, {"name": "dhcp-server-identifier", "data": "192.0.2.1"}],
            "shared-networks": [{"name": "street", "match-client-id": false, "boot-file-name": "street", "4o6-interface": "eth7",
              "subnet4": [
                {"id": 1, "subnet": "192.0.2.0/24", "valid-lifetime": 60, "authoritative": false, "pools": [{"pool": "192.0.2.10 - 192.0.2.19"}, {"pool": "192.0.2.32/28"}]},
                {"id": 2, "subnet": "198.51.100.0/24", "4o6-interface-id": "port-5", "4o6-subnet": "2001:db8:5::/64", "tunnel-source-prefix": "2001:db8:77::/48",
                 "relay": {"ip-addresses": ["10.0.0.1"]}, "renew-timer": 100, "rebind-timer": 200}]}]
            """);
        var link = dhcp4.Links.ShouldHaveSingleItem();
        link.Name.ShouldBe("street");
        var first = (Dhcp4Subnet)link.Subnets[0];
        first.Prefix.ToString().ShouldBe("::ffff:192.0.2.0/120");
        first.Lifetimes.Valid.ShouldBe(60u);
        first.Authoritative.ShouldBeFalse();
        first.MatchClientId.ShouldBeFalse();
        first.Boot.BootFile.ShouldBe("street"u8.ToArray());
        first.Boot.NextServer.ToString().ShouldBe("192.0.2.66");
        first.Pools.Select(static p => p.Range.Units).ShouldBe([10, 16]);
        first.Options.Find(6)!.Data.ShouldBe([192, 0, 2, 53]);
        Lease.Actors.Dhcp4.Dhcp4Settings.ServerIdOf(first).ToString().ShouldBe("192.0.2.1");
        var second = (Dhcp4Subnet)link.Subnets[1];
        second.Lifetimes.Valid.ShouldBe(4000u);
        second.Authoritative.ShouldBeTrue();
        second.Dhcp6Interface.ShouldBe("eth7");
        second.Dhcp6InterfaceId.ShouldBe("port-5"u8.ToArray());
        second.Dhcp6Subnet.ToString().ShouldBe("2001:db8:5::/64");
        second.TunnelSourcePrefix.ToString().ShouldBe("2001:db8:77::/48");
        second.Selectors.RelayAddresses.ShouldHaveSingleItem();
        second.Timers.ShouldBe(new RenewalTimers(100, 200, Calculate: false, T1Share: 0.5, T2Share: 0.875));
    }

    [Fact]
    public void Keas_hook_for_BOOTP_switches_it_on_and_other_hooks_are_warnings()
    {
        Service("").ServesBootp.ShouldBeFalse();
        var result = Read("""
            "hooks-libraries": [{"library": "libdhcp_lease_cmds.so"}, {"library": "/usr/lib/kea/hooks/libdhcp_bootp.so"}],
            "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.10/31", "client-class": "BOOTP"}]}]
            """);
        result.Configuration!.Dhcp4!.ServesBootp.ShouldBeTrue();
        result.Problems.ShouldHaveSingleItem().Path.ShouldBe("Dhcp4.hooks-libraries[0].library");
    }

    [Fact]
    public void Nobody_is_in_class_BOOTP_while_BOOTP_is_off()
        => Read("""
            "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.10/31", "client-class": "BOOTP"}]}]
            """).Problems.ShouldHaveSingleItem().Message.ShouldContain("nobody is in class BOOTP");

    [Theory]
    [InlineData("""{"offset": 6, "psid-len": 8}""", 512, 6, 8, 0)]
    [InlineData("{}", 512, 6, 8, 0)]
    [InlineData("""{"offset": 0, "psid-len": 8}""", 504, 0, 8, 4)]
    [InlineData("""{"offset": 0, "psid-len": 6}""", 126, 0, 6, 1)]
    [InlineData("""{"offset": 0, "psid-len": 8, "exclude-well-known-ports": false}""", 512, 0, 8, 0)]
    public void Port_sets_share_an_address_out(string portSets, int units, byte offset, byte length, ushort first)
    {
        var pool = Service($$"""
            "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.10-192.0.2.11", "port-sets": {{portSets}} }]}]
            """).Links[0].Subnets[0].Pools[0];
        pool.Range.Units.ShouldBe((UInt128)(uint)units);
        PortSet.TryOf(pool.Range.KeyOf(0), out var ports).ShouldBeTrue();
        ports.ShouldBe(new PortParameters(offset, length, first));
        PortSet.TryAddress(pool.Range.KeyOf((UInt128)(uint)units - 1), out var last).ShouldBeTrue();
        last.ToString().ShouldBe("192.0.2.11");
    }

    [Fact]
    public void Reservations_are_known_by_each_identifier()
    {
        var table = Service("""
            "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "reservations": [
              {"hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.10", "hostname": "one", "next-server": "192.0.2.66"},
              {"client-id": "ff:00:00:00:01:00:03", "ip-address": "192.0.2.11"},
              {"duid": "00:03:00:01:02", "ip-address": "192.0.2.12", "option-data": [{"name": "routers", "data": "192.0.2.1"}]},
              {"circuit-id": "'port-5'", "ip-address": "192.0.2.13", "server-hostname": "boot"}]}]
            """).Links[0].Subnets[0].Reservations;
        table.All.Select(static r => r.Kind).ShouldBe(
            [ReservationIdentifier.HardwareAddress, ReservationIdentifier.ClientId, ReservationIdentifier.Duid, ReservationIdentifier.CircuitId]);
        table.Find(ReservationIdentifier.CircuitId, "port-5"u8)!.Boot.ServerName.ShouldBe("boot"u8.ToArray());
        Ipv4Address.TryParse("192.0.2.10", out var address).ShouldBeTrue();
        table.All.Single(r => r.Addresses.Contains(PortSet.ToMapped(address))).Hostname.ShouldBe("one");
    }

    [Fact]
    public void Options_of_every_kind_are_encoded()
    {
        var options = Service("""
            "option-def": [{"name": "own", "code": 224, "type": "record", "record-types": "uint8, ipv4-address"}, {"name": "inner", "code": 1, "space": "vendor-encapsulated-options-space", "type": "uint16"}],
            "option-data": [{"name": "own", "data": "7, 192.0.2.1"}, {"name": "domain-search", "data": "a.example"}, {"code": 225, "csv-format": false, "data": "0a0b"},
              {"name": "vendor-encapsulated-options"}, {"name": "inner", "space": "vendor-encapsulated-options-space", "data": "258"}, {"space": "vendor-4491", "code": 2, "csv-format": false, "data": "31"}]
            """).Options;
        options.Find(224)!.Data.ShouldBe([7, 192, 0, 2, 1]);
        options.Find(119)!.Data.ShouldBe([1, (byte)'a', 7, .. "example"u8, 0]);
        options.Find(225)!.Data.ShouldBe([10, 11]);
        options.Find(43)!.Data.ShouldBe([1, 2, 1, 2]);
        options.Options.ToArray().Single(static o => o.Vendor == 4491).Data.ShouldBe([0x31]);
    }

    [Theory]
    [InlineData("\"subnet4\": [{\"subnet\": \"192.0.2.0/33\"}]", "Dhcp4.subnet4[0].subnet", "must be an IPv4 prefix")]
    [InlineData("\"subnet4\": [{\"subnet\": \"0.0.0.0/0\"}]", "Dhcp4.subnet4[0].subnet", "longer than /0")]
    [InlineData("\"subnet4\": [{\"subnet\": \"192.0.2.0/24\", \"pools\": [{\"pool\": \"198.51.100.1-198.51.100.2\"}]}]", "Dhcp4.subnet4[0].pools[0].pool", "not within the subnet 192.0.2.0/24")]
    [InlineData("\"subnet4\": [{\"subnet\": \"192.0.2.0/24\", \"pools\": [{\"pool\": \"192.0.2.9-192.0.2.1\"}]}]", "Dhcp4.subnet4[0].pools[0].pool", "192.0.2.9 is after 192.0.2.1")]
    [InlineData("\"subnet4\": [{\"subnet\": \"192.0.2.0/24\", \"pools\": [{\"pool\": \"192.0.2.1-192.0.2.9\"}, {\"pool\": \"192.0.2.9-192.0.2.12\", \"port-sets\": {}}]}]", "Dhcp4.subnet4[0].pools", "overlaps 192.0.2.1-192.0.2.9")]
    [InlineData("\"subnet4\": [{\"subnet\": \"192.0.2.0/24\", \"pools\": [{\"pool\": \"192.0.2.1-192.0.2.9\", \"port-sets\": {\"offset\": 10, \"psid-len\": 8}}]}]", "Dhcp4.subnet4[0].pools[0].port-sets.psid-len", "at most 16 together")]
    [InlineData("\"subnet4\": [{\"subnet\": \"192.0.2.0/24\", \"reservations\": [{\"ip-address\": \"192.0.2.1\"}]}]", "Dhcp4.subnet4[0].reservations[0]", "needs one of duid, hw-address, client-id, circuit-id")]
    [InlineData("\"subnet4\": [{\"subnet\": \"192.0.2.0/24\", \"reservations\": [{\"hw-address\": \"02\", \"ip-address\": \"2001:db8::1\"}]}]", "Dhcp4.subnet4[0].reservations[0].ip-address", "is no IPv4 address")]
    [InlineData("\"next-server\": \"2001:db8::1\"", "Dhcp4.next-server", "must be an IPv4 address")]
    [InlineData("\"4o6-subnet\": \"192.0.2.0/24\"", "Dhcp4.4o6-subnet", "must be an IPv6 prefix")]
    [InlineData("\"option-data\": [{\"code\": 300, \"data\": \"1\"}]", "Dhcp4.option-data[0].code", "from 1 to 254")]
    [InlineData("\"option-data\": [{\"name\": \"dns-servers\", \"data\": \"192.0.2.1\"}]", "Dhcp4.option-data[0].name", "no option of space dhcp4")]
    [InlineData("\"preferred-lifetime\": 5", "Dhcp4.preferred-lifetime", "unknown name")]
    [InlineData("\"subnet6\": []", "Dhcp4.subnet6", "unknown name")]
    [InlineData("\"host-reservation-identifiers\": [\"remote\"]", "Dhcp4.host-reservation-identifiers", "must be one of hw-address, duid, circuit-id, client-id")]
    [InlineData("\"dhcp4o6-port\": 65535", "Dhcp4.dhcp4o6-port", "from 0 to 65534")]
    public void What_is_wrong_is_refused_with_its_path(string body, string path, string message)
    {
        var problem = Read(body).Problems.First(static p => p.Severity == Severity.Error);
        problem.Path.ShouldBe(path);
        problem.Message.ShouldContain(message);
    }

    [Theory]
    [InlineData("\"interfaces-config\": {\"interfaces\": [\"eth0\"]}", "IPv4 clients come by DHCPv4 over DHCPv6")]
    [InlineData("\"subnet4\": [{\"subnet\": \"192.0.2.0/24\", \"pools\": [{\"pool\": \"192.0.2.1-192.0.2.9\", \"port-sets\": {\"offset\": 8, \"psid-len\": 4}}]}]", "well-known ports")]
    public void What_has_no_effect_or_a_bad_one_is_a_warning(string body, string message)
        => Read(body).Problems.ShouldHaveSingleItem().ShouldSatisfyAllConditions(p => p.Severity.ShouldBe(Severity.Warning), p => p.Message.ShouldContain(message));

    [Fact]
    public void A_DHCPv4_engine_alone_needs_the_port_of_who_is_in_front()
    {
        ConfigurationReader.Read("""{"Dhcp4": {}}""", "test.json").Problems.ShouldHaveSingleItem().Message.ShouldContain("dhcp4o6-port");
        var alone = ConfigurationReader.Read("""{"Dhcp4": {"dhcp4o6-port": 6767}}""", "test.json");
        alone.Problems.ShouldBeEmpty();
        alone.Configuration!.Dhcp4!.Dhcp4o6Port.ShouldBe(6767);
        alone.Configuration.Dhcp6.Interfaces.ShouldBeEmpty();
    }

    private static ConfigurationResult Read(string body)
        => ConfigurationReader.Read($$"""{"Dhcp6": {"interfaces-config": {"interfaces": ["eth0"]} }, "Dhcp4": { {{body}} } }""", "test.json");

    private static Dhcp4Configuration Service(string body)
    {
        var result = Read(body);
        result.Problems.ShouldBeEmpty();
        return result.Configuration!.Dhcp4!;
    }
}
