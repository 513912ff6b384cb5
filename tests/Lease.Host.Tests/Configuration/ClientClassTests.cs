using Lease.Actors.Cluster;
using Lease.Host.Configuration;
using static Lease.Host.Tests.Configuration.Dhcp6Text;

namespace Lease.Host.Tests.Configuration;

/// <summary>Client classes, in Kea's dialect.</summary>
public sealed class ClientClassTests
{
    private const string Subnet = "\"id\": 1, \"subnet\": \"2001:db8:1::/64\"";

    [Fact]
    public void Without_classes_there_is_nothing_to_evaluate()
        => Service($"\"subnet6\": [{{{Subnet}}}]").Classifier.ShouldBeNull();

    [Fact]
    public void Classes_guards_and_lifetimes_are_read()
    {
        var service = Service("""
            "client-classes": [{"name": "a", "test": "option[user-class].exists", "valid-lifetime": 100, "max-valid-lifetime": 200, "min-preferred-lifetime": 30, "comment": "x", "user-context": {"y": 1}},
              {"name": "b", "test": "member('a')", "only-if-required": true, "option-data": [{"name": "dns-servers", "data": "2001:db8::53"}]}],
            "option-data": [{"name": "sol-max-rt", "data": "9"}],
            "shared-networks": [{"name": "n", "client-class": "a", "require-client-classes": ["b"], "option-data": [{"name": "inf-max-rt", "data": "8"}],
              "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "client-classes": ["c", "a"], "evaluate-additional-classes": ["b"],
                "reservations": [{"duid": "01:02", "client-classes": ["c"]}],
                "pools": [{"pool": "2001:db8:1::/80", "client-class": "a", "require-client-classes": ["b"]}],
                "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56, "client-class": "KNOWN"}]}]}]
            """);
        service.Classifier.ShouldNotBeNull();
        var subnet = service.Links.Single().Subnets.Single();
        subnet.Guard!.AnyOf.Select(static c => c.Name).ShouldBe(["c", "a"]);
        subnet.Guard.Network!.AnyOf.Single().Valid.ShouldBe(new(100, 100, 200));
        subnet.Guard.Network.AnyOf.Single().Preferred.ShouldBe(new(30, 30, 30));
        subnet.RequiredClasses.Select(static c => c.Name).ShouldBe(["b", "b"]);
        subnet.RequiredClasses[0].Options.Find(23).ShouldNotBeNull();
        subnet.RequiredClasses[0].OnlyIfRequired.ShouldBeTrue();
        subnet.Pools.Single().Guard!.ToString().ShouldBe("a");
        subnet.Pools.Single().RequiredClasses.Length.ShouldBe(1);
        subnet.PrefixPools.Single().Guard!.ToString().ShouldBe("KNOWN");
        subnet.Reservations.All.Single().Classes.Single().Name.ShouldBe("c");
        subnet.LocalOptions.Options.ToArray().Select(static o => o.Code).ShouldBe([(ushort)83]);
        subnet.Options.Options.ToArray().Select(static o => o.Code).ShouldBe([(ushort)82, (ushort)83]);
    }

    [Fact]
    public void Classes_of_Dhcp4_have_boot_fields()
    {
        var result = ConfigurationReader.Read(
            """
            {"Dhcp6": {"interfaces-config": {"interfaces": ["eth0"]}}, "Dhcp4": {
              "client-classes": [{"name": "tv", "test": "option[vendor-class-identifier].text == 'tv' and option[vivso-suboptions].exists and option[routers].exists and relay4[1].exists",
                "next-server": "192.0.2.1", "boot-file-name": "f", "server-hostname": "s"}],
              "subnet4": [{"subnet": "192.0.2.0/24", "client-class": "tv"}]}}
            """,
            "test.json");
        result.Problems.ShouldBeEmpty();
        result.Configuration!.Dhcp4!.Links[0].Subnets[0].Guard!.AnyOf[0].Boot.BootFile.ShouldBe("f"u8.ToArray());
    }

    // Kea 2.2 defines these so that they can be named.
    [Theory]
    [InlineData("clientid")]
    [InlineData("ia-na")]
    [InlineData("user-class")]
    [InlineData("vendor-class")]
    [InlineData("interface-id")]
    [InlineData("client-linklayer-addr")]
    [InlineData("dns-servers")]
    [InlineData("own")]
    public void Options_have_names(string name)
        => Service($$"""
            "option-def": [{"name": "own", "code": 60000, "type": "string"}], "client-classes": [{"name": "a", "test": "option[{{name}}].exists"}]
            """).Classifier.ShouldNotBeNull();

    [Fact]
    public void What_depends_on_KNOWN_is_evaluated_after_the_rest()
    {
        var required = Service("""
            "client-classes": [
              {"name": "early", "test": "member('ALL') and not member('VENDOR_CLASS_x') and not member('SPAWN_t_a')"},
              {"name": "reserved"},
              {"name": "t", "template-test": "ifelse(known, 'a', 'b')"},
              {"name": "by-known", "test": "known"}, {"name": "by-known-indirectly", "test": "not member('by-known')"}, {"name": "by-reservation", "test": "member('reserved') or member('EXTERNAL_x')"},
              {"name": "by-template", "test": "member('SPAWN_t_a')"}],
            "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "require-client-classes": ["early", "t", "by-known", "by-known-indirectly", "by-reservation", "by-template"]}]
            """).Links.Single().Subnets.Single().RequiredClasses;
        required.Where(static c => !c.AwaitsReservation).Select(static c => c.Name).ShouldBe(["early", "by-reservation"]);
    }

    [Theory]
    [InlineData("member('b')", "Dhcp6.client-classes[0].test", "character 8 of \"member('b')\": class b must be built in or defined before this one")]
    [InlineData("member('a')", "Dhcp6.client-classes[0].test", "class a must be built in or defined before this one")]
    [InlineData("option[1].hex", "Dhcp6.client-classes[0].test", "compare it with ==")]
    [InlineData("option[nope].exists", "Dhcp6.client-classes[0].test", "nope is no option of Dhcp6")]
    [InlineData("pkt4.mac == 0x01", "Dhcp6.client-classes[0].test", "pkt4 is of DHCPv4 only")]
    public void A_test_that_is_wrong_is_refused_with_its_place(string test, string path, string message)
        => Refused($$"""[{"name": "a", "test": "{{test}}"}, {"name": "b"}]""").ShouldSatisfyAllConditions(p => p.Path.ShouldBe(path), p => p.Message.ShouldContain(message));

    [Theory]
    [InlineData("""[{"test": "1 == 1"}]""", "Dhcp6.client-classes[0]", "needs a name")]
    [InlineData("""[{"name": "a"}, {"name": "a"}]""", "Dhcp6.client-classes[1].name", "another class is named a")]
    [InlineData("""[{"name": "ALL", "test": "1 == 1"}]""", "Dhcp6.client-classes[0].name", "ALL is built in")]
    [InlineData("""[{"name": "KNOWN", "only-if-required": true}]""", "Dhcp6.client-classes[0].name", "KNOWN is built in")]
    [InlineData("""[{"name": "a", "test": "1 == 1", "template-test": "'a'"}]""", "Dhcp6.client-classes[0].template-test", "give one of them")]
    [InlineData("""[{"name": "a", "template-test": "known"}]""", "Dhcp6.client-classes[0].template-test", "where a value must be")]
    [InlineData("""[{"name": "a", "test": 5}]""", "Dhcp6.client-classes[0].test", "must be a text")]
    [InlineData("""[{"name": "a", "valid-lifetime": 5, "min-valid-lifetime": 6}]""", "Dhcp6.client-classes[0].valid-lifetime", "must lie between its minimum and maximum: 6 <= 5 <= 5")]
    [InlineData("""[{"name": "a", "min-valid-lifetime": 5, "max-valid-lifetime": 6}]""", "Dhcp6.client-classes[0].min-valid-lifetime", "need valid-lifetime")]
    [InlineData("""[{"name": "a", "renew-timer": 5}]""", "Dhcp6.client-classes[0].renew-timer", "unknown name")]
    [InlineData("""[{"name": "a", "next-server": "192.0.2.1"}]""", "Dhcp6.client-classes[0].next-server", "unknown name")]
    [InlineData("""[{"name": "a", "option-data": [{"name": "nope", "data": "1"}]}]""", "Dhcp6.client-classes[0].option-data[0].name", "no option of space dhcp6")]
    [InlineData("""[{"name": "a"}], "subnet6": [{"subnet": "2001:db8:1::/64", "client-class": "a", "client-classes": ["a"]}]""", "Dhcp6.subnet6[0].client-class", "leave it out")]
    [InlineData("""[{"name": "a"}], "subnet6": [{"subnet": "2001:db8:1::/64", "client-class": ["a"]}]""", "Dhcp6.subnet6[0].client-class", "must be a text")]
    public void What_is_wrong_is_refused_with_its_path(string classes, string path, string message)
        => Refused(classes).ShouldSatisfyAllConditions(p => p.Path.ShouldBe(path), p => p.Message.ShouldContain(message));

    [Fact]
    public void All_errors_are_reported_at_once()
        => Read("\"client-classes\": [{\"name\": \"a\", \"test\": \"1 =\"}, {\"name\": \"b\", \"test\": \"pkt.dst == ::1\"}, {\"name\": \"c\", \"valid-lifetime\": -1}]")
            .Problems.Count(static p => p.Severity == Severity.Error).ShouldBe(3);

    [Theory]
    [InlineData("""[], "subnet6": [{"subnet": "2001:db8:1::/64", "client-class": "nobody"}]""", "Dhcp6.subnet6[0].client-class", "nobody is in class nobody")]
    [InlineData("""[{"name": "a"}], "subnet6": [{"subnet": "2001:db8:1::/64", "pools": [{"pool": "2001:db8:1::/80", "client-class": "a"}]}]""", "Dhcp6.subnet6[0].pools[0].client-class", "nobody is in class a")]
    [InlineData("""[], "subnet6": [{"subnet": "2001:db8:1::/64", "client-class": "UNKNOWN"}]""", "Dhcp6.subnet6[0].client-class", "depends on the client's reservation")]
    [InlineData("""[{"name": "a", "test": "known"}], "subnet6": [{"subnet": "2001:db8:1::/64", "client-class": "a"}]""", "Dhcp6.subnet6[0].client-class", "depends on the client's reservation")]
    [InlineData("""[{"name": "a"}], "subnet6": [{"subnet": "2001:db8:1::/64", "client-class": "a", "reservations": [{"duid": "01:02", "client-classes": ["a"]}]}]""", "Dhcp6.subnet6[0].client-class", "depends on the client's reservation")]
    [InlineData("""[{"name": "a", "test": "1 == 1", "only-in-additional-list": true}], "subnet6": [{"subnet": "2001:db8:1::/64", "client-class": "a"}]""", "Dhcp6.subnet6[0].client-class", "only where it is required")]
    [InlineData("""[{"name": "a"}], "subnet6": [{"subnet": "2001:db8:1::/64", "require-client-classes": ["a"]}]""", "Dhcp6.subnet6[0].require-client-classes", "class a has no test")]
    [InlineData("""[], "subnet6": [{"subnet": "2001:db8:1::/64", "evaluate-additional-classes": ["q"]}]""", "Dhcp6.subnet6[0].evaluate-additional-classes", "class q has no test")]
    [InlineData("""[], "option-data": [{"name": "dns-servers", "data": "::1", "client-classes": ["a"]}]""", "Dhcp6.option-data[0].client-classes", "has no effect")]
    [InlineData("""[{"name": "a", "option-def": []}]""", "Dhcp6.client-classes[0].option-def", "has no effect")]
    public void What_has_no_effect_is_a_warning(string classes, string path, string message)
    {
        var problem = Read($"\"client-classes\": {classes}").Problems.ShouldHaveSingleItem();
        problem.Severity.ShouldBe(Severity.Warning);
        problem.Path.ShouldBe(path);
        problem.Message.ShouldContain(message);
    }

    [Fact]
    public void Nodes_must_agree_on_guards_and_not_on_the_classes_themselves()
    {
        var open = Fingerprint("\"test\": \"1 == 1\"", "", "");
        Fingerprint("\"test\": \"1 == 2\"", "", "").ShouldBe(open);
        var guarded = Fingerprint("\"test\": \"1 == 1\"", "\"client-class\": \"a\",", "");
        guarded.ShouldNotBe(open);
        Fingerprint("\"test\": \"1 == 1\"", "", "\"client-class\": \"a\",").ShouldNotBe(open);
        Fingerprint("\"test\": \"1 == 1\"", "\"client-classes\": [\"a\", \"KNOWN\"],", "").ShouldNotBe(guarded);
    }

    private static string Fingerprint(string test, string subnet, string pool) => ClusterFingerprint.Of(
        Read($$"""
            "client-classes": [{"name": "a", {{test}}}],
            "subnet6": [{ {{subnet}} "subnet": "2001:db8:1::/64", "pools": [{ {{pool}} "pool": "2001:db8:1::/80"}]}]
            """).Configuration!.Dhcp6,
        dhcp4: null,
        shardCount: 4);

    private static ConfigurationProblem Refused(string classes) => Dhcp6Text.Refused($"\"client-classes\": {classes}");
}
