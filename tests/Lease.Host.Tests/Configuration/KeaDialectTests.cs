using Lease.Actors.Configuration;
using Lease.Host.Configuration;
using Lease.Protocol;
using static Lease.Host.Tests.Configuration.Dhcp6Text;

namespace Lease.Host.Tests.Configuration;

/// <summary>Networks, reservations and the global level: what Kea 2.2 refuses is refused, what it accepts is read as it means it.</summary>
public sealed class KeaDialectTests
{
    private const string Subnet = "\"id\": 1, \"subnet\": \"2001:db8:1::/64\"";

    [Theory]
    [InlineData("\"t1-percent\": 0.5, \"t2-percent\": 0.5", "must be less than t2-percent")]
    [InlineData("\"t1-percent\": 0.0", "must be a number between 0 and 1")]
    [InlineData("\"t2-percent\": 1.0", "must be a number between 0 and 1")]
    [InlineData("\"interface\": \"eth0\", \"interface-id\": \"a\"", "not both")]
    [InlineData("\"relay\": {}", "needs ip-addresses")]
    [InlineData("\"relay\": {\"ip-addresses\": [\"10.0.0.1\"]}", "is no IPv6 address")]
    [InlineData("\"reservation-mode\": \"all\", \"reservations-global\": true", "older name")]
    [InlineData("\"reservations\": [{\"duid\": \"01\", \"hw-address\": \"02\"}]", "needs one of duid, hw-address")]
    [InlineData("\"reservations\": [{\"duid\": \"01:02:zz\"}]", "octets in hexadecimal")]
    [InlineData("\"reservations\": [{\"duid\": \"01\", \"ip-addresses\": [\"2001:db8:1::1\"]}, {\"duid\": \"02\", \"ip-addresses\": [\"2001:db8:1:0::1\"]}]", "reserved twice")]
    [InlineData("\"pools\": [{\"pool\": \"2001:db8:1::/80\"}], \"pd-pools\": [{\"prefix\": \"2001:db8:1::\", \"prefix-len\": 72, \"delegated-len\": 80}]", "overlaps")]
    [InlineData("\"pd-pools\": [{\"prefix\": \"2001:db8:8::\", \"prefix-len\": 48}]", "needs prefix, prefix-len and delegated-len")]
    [InlineData("\"pd-pools\": [{\"prefix\": \"2001:db8:8::1\", \"prefix-len\": 48, \"delegated-len\": 56}]", "write 2001:db8:8::/48")]
    [InlineData("\"valid-lifetime\": null", "null is not allowed")]
    [InlineData("\"min-preferred-lifetime\": 50, \"preferred-lifetime\": 40", "must lie between")]
    public void Wrong_subnets_are_refused(string body, string message)
        => Refused($"\"subnet6\": [{{{Subnet}, {body}}}]").Message.ShouldContain(message);

    [Theory]
    [InlineData("ip-addresses", "2001:db8:1::5", "prefixes", "2001:db8::/32", "subnet6[0].reservations[0].ip-addresses",
        "2001:db8:1::5 overlaps 2001:db8::/32 of Dhcp6.reservations[0]")]
    [InlineData("prefixes", "2001:db8:8::/56", "prefixes", "2001:db8:8:10::/60", "reservations[0].prefixes",
        "2001:db8:8:10::/60 overlaps 2001:db8:8::/56 of Dhcp6.subnet6[0].reservations[0]")]
    [InlineData("prefixes", "2001:db8:8:10::/60", "prefixes", "2001:db8:8::/56", "subnet6[0].reservations[0].prefixes",
        "2001:db8:8:10::/60 overlaps 2001:db8:8::/56 of Dhcp6.reservations[0]")]
    [InlineData("prefixes", "2001:db8:1::/64", "ip-addresses", "2001:db8:1::5", "reservations[0].ip-addresses",
        "2001:db8:1::5 overlaps 2001:db8:1::/64 of Dhcp6.subnet6[0].reservations[0]")]
    [InlineData("prefixes", "2001:db8:8::/56", "prefixes", "2001:db8:8::/56", "reservations[0].prefixes",
        "2001:db8:8::/56 is reserved twice: in Dhcp6.subnet6[0].reservations[0] too")]
    public void Reservations_of_two_clients_that_overlap_are_refused(string key, string text, string otherKey, string otherText,
        string path, string message)
    {
        var problem = Refused(
            $$"""
            "subnet6": [{{{Subnet}}, "reservations": [{"duid": "01:01", "{{key}}": ["{{text}}"]}]}],
            "reservations": [{"duid": "01:02", "{{otherKey}}": ["{{otherText}}"]}]
            """);
        problem.Message.ShouldContain(message);
        problem.Path.ShouldBe($"Dhcp6.{path}");
    }

    [Fact]
    public void What_one_client_has_reserved_on_two_links_may_be_the_same()
    {
        const string reservations = "\"reservations\": [{\"duid\": \"01:01\", \"prefixes\": [\"2001:db8:8::/56\"]}]";
        ConfigurationReader.Read($"{{\"Dhcp6\": {{\"interfaces-config\": {{\"interfaces\": [\"lo\"]}}, \"subnet6\": [{{{Subnet}, {reservations}}}, {{\"id\": 2, \"subnet\": \"2001:db8:2::/64\", {reservations}}}]}}}}", "f")
            .Problems.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(
        "\"pd-pools\": [{\"prefix\": \"2001:db8::\", \"prefix-len\": 32, \"delegated-len\": 56}], \"reservations\": [{\"duid\": \"01:01\", \"ip-addresses\": [\"2001:db8:1::5\"]}]",
        "ip-addresses", "2001:db8:1::5 overlaps the pool 2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff of Dhcp6.subnet6[0]: an address",
            true)]
    [InlineData(
        "\"pools\": [{\"pool\": \"2001:db8:1::/80\"}], \"reservations\": [{\"duid\": \"01:01\", \"prefixes\": [\"2001:db8::/40\"]}]",
        "prefixes", "2001:db8::/40 overlaps the pool 2001:db8:1::-2001:db8:1::ffff:ffff:ffff of Dhcp6.subnet6[0]: an address", true)]
    [InlineData(
        "\"pd-pools\": [{\"prefix\": \"2001:db8:8000::\", \"prefix-len\": 46, \"delegated-len\": 56}], \"reservations\": [{\"duid\": \"01:01\", \"prefixes\": [\"2001:db8:8000::/48\"]}]",
        "prefixes",
            "2001:db8:8000::/48 overlaps the pool 2001:db8:8000::-2001:db8:8003:ffff:ffff:ffff:ffff:ffff of Dhcp6.subnet6[0], whose prefixes are /56", false)]
    public void Reservations_that_pools_are_in_the_way_of_are_named(string body, string key, string message, bool isError)
    {
        var problem = ConfigurationReader.Read($"{{\"Dhcp6\": {{\"interfaces-config\": {{\"interfaces\": [\"lo\"]}}, \"subnet6\": [{{{Subnet}, {body}}}]}}}}", "f").Problems.ShouldHaveSingleItem();
        problem.Message.ShouldContain(message);
        problem.Path.ShouldBe($"Dhcp6.subnet6[0].reservations[0].{key}");
        problem.Severity.ShouldBe(isError ? Severity.Error : Severity.Warning);
    }

    [Theory]
    [InlineData("\"interfaces-config\": {\"interfaces\": [\"eth0\", \"eth0\"]}", "named twice")]
    [InlineData("\"interfaces-config\": {\"interfaces\": [\"\"]}", "names no interface")]
    [InlineData("\"interfaces-config\": {\"interfaces\": [\"eth0/x\"]}", "INTERFACE/ADDRESS")]
    [InlineData("\"interfaces-config\": {\"interfaces\": \"eth0\"}", "must be a list")]
    [InlineData("\"valid-lifetime\": 1", "interfaces-config is missing")]
    public void Wrong_interfaces_are_refused(string body, string message)
        => ConfigurationReader.Read($"{{\"Dhcp6\": {{{body}}}}}", "f").Problems.ShouldContain(p => p.Severity == Severity.Error && p.Message.Contains(message, StringComparison.Ordinal));

    [Theory]
    [InlineData("\"host-reservation-identifiers\": [\"duid\", \"duid\"]", "names an identifier twice")]
    [InlineData("\"host-reservation-identifiers\": [\"circuit-id\"]", "must be one of duid, hw-address")]
    [InlineData("\"relay-supplied-options\": [\"nope\"]", "neither an option's code nor its name")]
    [InlineData("\"subnet6\": [{\"subnet\": \"::/0\"}]", "longer than /0")]
    [InlineData("\"shared-networks\": [{\"subnet6\": []}]", "needs a name")]
    [InlineData("\"shared-networks\": [{\"name\": \"a\"}, {\"name\": \"a\"}]", "another shared network")]
    [InlineData("\"shared-networks\": [{\"name\": \"a\\nb\"}]", "no control characters")]
    [InlineData("\"loggers\": [{\"severity\": \"LOUD\"}]", "must be FATAL")]
    public void Wrong_globals_are_refused(string body, string message) => Refused(body).Message.ShouldContain(message);

    [Theory]
    [InlineData("\"rapid-commit\": true", "different rapid-commit")]
    [InlineData("\"interface\": \"eth1\"", "different interfaces")]
    public void Subnets_of_a_shared_network_are_alike(string body, string message)
        => Refused($"\"shared-networks\": [{{\"name\": \"n\", \"subnet6\": [{{{Subnet}}}, {{\"id\": 2, \"subnet\": \"2001:db8:2::/64\", {body}}}]}}]").Message.ShouldContain(message);

    [Fact]
    public void Options_of_a_subnet_come_before_those_of_its_network_and_the_globals()
    {
        var options = Service("""
            "option-data": [{"name": "preference", "data": "1"}, {"name": "sol-max-rt", "data": "1"}, {"name": "inf-max-rt", "data": "1"}],
            "shared-networks": [{"name": "n", "option-data": [{"name": "sol-max-rt", "data": "2"}, {"name": "preference", "data": "2"}],
              "subnet6": [{"subnet": "2001:db8:1::/64", "option-data": [{"name": "preference", "data": "3"}]}]}]
            """).Links.Single().Subnets.Single().Options;
        (options.Find(7)!.Data[^1], options.Find(82)!.Data[^1], options.Find(83)!.Data[^1]).ShouldBe(((byte)3, (byte)2, (byte)1));
    }

    [Fact]
    public void Subnets_without_a_number_take_the_next_one()
        => Service("\"subnet6\": [{\"id\": 7, \"subnet\": \"2001:db8:1::/64\"}, {\"subnet\": \"2001:db8:2::/64\"}]").Links.Select(static l => l.Name).ShouldBe(["subnet-7", "subnet-8"]);

    [Fact]
    public void A_least_lifetime_bounds_only_what_a_hint_can_ask_for()
        => Service("\"valid-lifetime\": 100, \"min-valid-lifetime\": 50, \"preferred-lifetime\": 40, \"subnet6\": [{\"subnet\": \"2001:db8:1::/64\", \"max-valid-lifetime\": 300}]")
            .Links.Single().Subnets.Single().Lifetimes.ShouldBe(new Lifetimes(40, 40, 40, 50, 100, 300));

    [Fact]
    public void The_older_reservation_mode_sets_what_the_newer_names_do()
    {
        var subnet = Service($"\"subnet6\": [{{{Subnet}, \"reservation-mode\": \"out-of-pool\"}}]").Links.Single().Subnets.Single();
        (subnet.ReservationsGlobal, subnet.ReservationsInSubnet, subnet.ReservationsOutOfPool).ShouldBe((false, true, true));
    }

    [Fact]
    public void A_reservation_by_flex_id_is_a_warning()
        => Read($"\"subnet6\": [{{{Subnet}, \"reservations\": [{{\"flex-id\": \"'a'\"}}]}}]").Problems.ShouldHaveSingleItem().Severity.ShouldBe(Severity.Warning);

    [Fact]
    public void A_reservation_that_reserves_nothing_is_a_warning()
        => Read($"\"subnet6\": [{{{Subnet}, \"reservations\": [{{\"duid\": \"01:02\"}}]}}]").Problems.ShouldHaveSingleItem().Message.ShouldContain("reserves nothing");

    [Fact]
    public void Excluded_prefixes_stand_at_the_place_of_their_prefix()
        => Service($$"""
            "subnet6": [{{{Subnet}}, "reservations": [
              {"duid": "01:02", "prefixes": ["2001:db8:8::/56", "2001:db8:9::/56"], "excluded-prefixes": ["", "2001:db8:9:1::/64"]}]}]
            """).Links.Single().Subnets.Single().Reservations.All.Single().ExcludedPrefixes
            .ShouldBe([null, new ExcludedPrefix(64, UInt128.One << 64)]);

    [Theory]
    [InlineData("\"type\": \"EN\", \"enterprise-id\": 9, \"identifier\": \"0102\"", "00:02:00:00:00:09:01:02")]
    [InlineData("\"type\": \"EN\", \"identifier\": \"0102\"", "00:02:00:00:09:bf:01:02")]
    [InlineData("\"type\": \"LL\", \"htype\": 6, \"identifier\": \"0102\"", "00:03:00:06:01:02")]
    [InlineData("\"type\": \"LLT\", \"time\": 16, \"identifier\": \"0102\"", "00:01:00:01:00:00:00:10:01:02")]
    [InlineData("\"type\": \"UUID\", \"identifier\": \"000102030405060708090a0b0c0d0e0f\"", "00:04:00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f")]
    public void The_server_DUID_is_made_as_configured(string body, string duid)
        => Lease.Protocol.Dhcp6.Duid.ToText(Service($"\"server-id\": {{{body}}}").ServerDuid!).ShouldBe(duid);

    [Fact]
    public void Cable_modems_options_are_known_by_name()
    {
        var option = Service("\"option-data\": [{\"space\": \"vendor-4491\", \"name\": \"tftp-servers\", \"data\": \"2001:db8::1\"}]").Options.Options.ToArray().ShouldHaveSingleItem();
        (option.Vendor, option.Code, option.Data.Length).ShouldBe((4491u, (ushort)32, Ipv6Address.Size));
    }

    [Fact]
    public void Problems_come_in_the_order_of_the_file()
        => ConfigurationReader.Read("{\n\"Dhcp6\": {\n\"a\": 1,\n\"valid-lifetime\": -1,\n\"b\": 2,\n\"interfaces-config\": {\"interfaces\": [\"lo\"]} } }", "f")
            .Problems.Select(static p => p.Line).ShouldBe([3, 4, 5]);
}
