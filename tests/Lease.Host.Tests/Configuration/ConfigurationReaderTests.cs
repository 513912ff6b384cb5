using System.Text.RegularExpressions;
using Lease.Actors.Configuration;
using Lease.Host.Configuration;
using static Lease.Host.Tests.Configuration.Dhcp6Text;

namespace Lease.Host.Tests.Configuration;

public sealed class ConfigurationReaderTests
{
    private static readonly Regex DocumentedKey = new("^\\| `(?<key>[a-z0-9-]+)`", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));

    private static readonly Regex KnownKey = new(
        "\\.(Text|Number|Flags?|Seconds|Share|Choice|Objects?|Texts|Address|Parsed<[A-Za-z0-9]+>)\\(\\s*\"(?<key>[a-z0-9-]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));

    private const string Subnet = "\"subnet\": \"2001:db8:1::/64\"";

    public static TheoryData<string, string, string> Refused => new()
    {
        { "\"subnet6\": [{}]", "Dhcp6.subnet6[0]", "needs subnet" },
        { "\"subnet6\": [{\"subnet\": \"2001:db8::\"}]", "Dhcp6.subnet6[0].subnet", "must be an IPv6 prefix ADDRESS/LENGTH" },
        { $"\"subnet6\": [{{{Subnet}, \"pools\": [{{\"pool\": \"2001:db8:2::/80\"}}]}}]", "Dhcp6.subnet6[0].pools[0].pool", "is not within the subnet" },
        { $"\"subnet6\": [{{{Subnet}, \"pools\": [{{\"pool\": \"2001:db8:1::9-2001:db8:1::1\"}}]}}]", "Dhcp6.subnet6[0].pools[0].pool", "is after" },
        { $"\"subnet6\": [{{{Subnet}, \"pools\": [{{\"pool\": \"2001:db8:1::/80\"}}, {{\"pool\": \"2001:db8:1::5-2001:db8:1::6\"}}]}}]", "Dhcp6.subnet6[0].pools", "overlaps" },
        { $"\"subnet6\": [{{{Subnet}}}, {{\"subnet\": \"2001:db8:1::/80\"}}]", "Dhcp6.subnet6[1].subnet", "overlaps 2001:db8:1::/64" },
        { $"\"subnet6\": [{{\"id\": 7, {Subnet}}}, {{\"id\": 7, \"subnet\": \"2001:db8:2::/64\"}}]", "Dhcp6.subnet6[1].id", "7 is the id of Dhcp6.subnet6[0] too" },
        { $"\"subnet6\": [{{{Subnet}, \"poools\": []}}]", "Dhcp6.subnet6[0].poools", "did you mean \"pools\"" },
        { "\"valid-lifetime\": -1", "Dhcp6.valid-lifetime", "-1 is not allowed: must be a whole number from 0 to 4294967295" },
        { "\"valid-lifetime\": \"long\"", "Dhcp6.valid-lifetime", "\"long\" is not allowed" },
        { "\"min-valid-lifetime\": 9000", "Dhcp6", "must lie between its minimum and maximum" },
        { "\"renew-timer\": 10, \"rebind-timer\": 5", "Dhcp6.renew-timer", "must not be longer than rebind-timer" },
        { "\"rapid-commit\": 1", "Dhcp6.rapid-commit", "must be true or false" },
        { "\"option-data\": [{\"name\": \"dns-server\", \"data\": \"::1\"}]", "Dhcp6.option-data[0].name", "is no option of space dhcp6" },
        { "\"option-data\": [{\"name\": \"dns-servers\", \"data\": \"10.0.0.1\"}]", "Dhcp6.option-data[0].data", "is no ipv6-address" },
        { "\"option-data\": [{\"code\": 5000, \"data\": \"zz\"}]", "Dhcp6.option-data[0].data", "is not hexadecimal" },
        { "\"option-data\": [{\"data\": \"1\"}]", "Dhcp6.option-data[0]", "needs name or code" },
        { "\"option-def\": [{\"name\": \"x\", \"code\": 23, \"type\": \"string\"}]", "Dhcp6.option-def[0].code", "is defined already" },
        { $"\"subnet6\": [{{{Subnet}, \"pd-pools\": [{{\"prefix\": \"2001:db8:8000::\", \"prefix-len\": 56, \"delegated-len\": 48}}]}}]", "Dhcp6.subnet6[0].pd-pools[0].delegated-len", "must be at least prefix-len" },
        { $"\"subnet6\": [{{{Subnet}, \"reservations\": [{{\"ip-addresses\": []}}]}}]", "Dhcp6.subnet6[0].reservations[0]", "needs one of duid, hw-address" },
        { $"\"subnet6\": [{{{Subnet}, \"reservations\": [{{\"duid\": \"01:02\", \"ip-addresses\": [\"2001:db8:9::1\"]}}]}}]", "Dhcp6.subnet6[0].reservations[0].ip-addresses", "is not within the subnet" },
        { $"\"subnet6\": [{{{Subnet}, \"reservations\": [{{\"duid\": \"01:02\"}}, {{\"duid\": \"0102\"}}]}}]", "Dhcp6.subnet6[0].reservations[1]", "same identifier" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_wrong_is_refused_with_its_path(string body, string path, string message)
    {
        var result = Read(body);
        result.Configuration.ShouldBeNull();
        var problem = result.Problems.First(static p => p.Severity == Severity.Error);
        problem.Path.ShouldStartWith(path);
        problem.Message.ShouldContain(message);
    }

    [Fact]
    public void All_problems_are_reported_at_once_each_with_its_place()
    {
        const string text = """
            {
              "Dhcp6": {
                "interfaces-config": {"interfaces": ["eth0"]},
                "valid-lifetime": true,
                "nonsense": 1,
                "subnet6": [{"subnet": "x"}]
              }
            }
            """;
        var problems = ConfigurationReader.Read(text, "f.json").Problems;
        problems.Select(static p => (p.Line, p.Path)).ShouldBe(
            [(4, "Dhcp6.valid-lifetime"), (6, "Dhcp6.subnet6[0].subnet"), (5, "Dhcp6.nonsense")], ignoreOrder: true);
        problems[0].ToString().ShouldStartWith("f.json:4:23: error: Dhcp6.valid-lifetime: ");
    }

    [Theory]
    [InlineData("{", 1, 2)]
    [InlineData("{\n \"a\" 1}", 2, 6)]
    [InlineData("{\"a\": 1, \"a\": 2}", 1, 10)]
    [InlineData("{\"a\": nothing}", 1, 7)]
    [InlineData("{} x", 1, 4)]
    [InlineData("/* {}", 1, 1)]
    [InlineData("{\"a\": \"b", 1, 9)]
    public void What_is_no_JSON_is_refused_with_its_place(string text, int line, int column)
    {
        var problem = ConfigurationReader.Read(text, "f").Problems.ShouldHaveSingleItem();
        (problem.Line, problem.Column).ShouldBe((line, column));
    }

    [Fact]
    public void Comments_and_trailing_commas_are_allowed()
        => ConfigurationReader.Read("# a\n{ // b\n \"Dhcp6\": { /* c */ \"interfaces-config\": {\"interfaces\": [\"eth0\",],}, }, }", "f").Problems.ShouldBeEmpty();

    [Fact]
    public void What_Kea_knows_and_has_no_effect_is_a_warning()
    {
        var result = Read("\"control-socket\": {}, \"lease-database\": {\"type\": \"memfile\"}, \"user-context\": {\"a\": 1}");
        result.Configuration.ShouldNotBeNull();
        result.Problems.Select(static p => p.Path).ShouldBe(["Dhcp6.control-socket", "Dhcp6.lease-database"], ignoreOrder: true);
        result.Problems.ShouldAllBe(static p => p.Severity == Severity.Warning);
    }

    [Fact]
    public void Settings_are_inherited_from_the_level_above()
    {
        var subnet = Service("""
            "valid-lifetime": 100, "preferred-lifetime": 50,
            "shared-networks": [{"name": "n", "valid-lifetime": 200, "interface": "eth1", "subnet6": [{"subnet": "2001:db8:1::/64", "rapid-commit": true}]}]
            """).Links.Single().Subnets.Single();
        (subnet.Lifetimes.Valid, subnet.Lifetimes.Preferred, subnet.RapidCommit, subnet.Selectors.Interface).ShouldBe((200u, 50u, true, "eth1"));
    }

    [Fact]
    public void Options_of_every_type_are_encoded()
    {
        var options = Service("""
            "option-def": [
              {"name": "rec", "code": 1000, "type": "record", "record-types": "uint8, ipv6-prefix, fqdn"},
              {"name": "flags", "code": 1001, "type": "boolean", "array": true},
              {"name": "text", "code": 1002, "type": "string"}],
            "option-data": [
              {"name": "rec", "data": "7, 2001:db8::/32, a.b"}, {"name": "flags", "data": "true, false"}, {"name": "text", "data": "a, b"},
              {"name": "sol-max-rt", "data": "0x100"}, {"name": "bootfile-param", "data": "x, yz"}, {"code": 9999, "data": "0a 0b", "csv-format": false},
              {"name": "s46-cont-lw"}, {"space": "s46-cont-lw-options", "name": "s46-br", "data": "2001:db8::9"},
              {"space": "vendor-4491", "code": 2, "data": "ff", "csv-format": false}]
            """).Options;
        options.Find(1000)!.Data.ShouldBe([7, 32, 0x20, 1, 0x0d, 0xb8, 1, (byte)'a', 1, (byte)'b', 0]);
        options.Find(1001)!.Data.ShouldBe([1, 0]);
        options.Find(1002)!.Data.ShouldBe("a, b"u8.ToArray());
        options.Find(82)!.Data.ShouldBe([0, 0, 1, 0]);
        options.Find(60)!.Data.ShouldBe([0, 1, (byte)'x', 0, 2, (byte)'y', (byte)'z']);
        options.Find(9999)!.Data.ShouldBe([10, 11]);
        options.Find(96)!.Data.ShouldBe([0, 90, 0, 16, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
        options.Options.ToArray().Single(static o => o.Vendor == 4491).Data.ShouldBe([255]);
    }

    [Fact]
    public void A_pool_and_a_prefix_pool_become_ranges()
    {
        var subnet = Service($$"""
            "subnet6": [{{{Subnet}}, "pools": [{"pool": "2001:db8:1::10 - 2001:db8:1::1f"}],
              "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 40, "delegated-len": 56, "excluded-prefix": "2001:db8:8000:0:8000::", "excluded-prefix-len": 72}]}]
            """).Links.Single().Subnets.Single();
        subnet.Pools.Single().Range.Units.ShouldBe((UInt128)16);
        subnet.PrefixPools.Single().Range.Units.ShouldBe((UInt128)65536);
        subnet.PrefixPools.Single().Excluded.ShouldBe(new ExcludedPrefix(72, (UInt128)0x80 << 56));
    }

    [Fact]
    public void Examples_are_good()
    {
        var folder = Path.Combine(Root(), "examples");
        foreach (var file in Directory.GetFiles(folder, "*.json"))
            ConfigurationReader.Read(File.ReadAllText(file), file).Problems.ShouldBeEmpty(file);
    }

    [Fact]
    public void Every_key_of_the_reader_is_in_the_reference_and_the_other_way_round()
    {
        var page = File.ReadAllText(Path.Combine(Root(), "docs", "configuration.md"));
        var documented = DocumentedKey.Matches(page)
            .Select(static m => m.Groups["key"].Value).ToHashSet(StringComparer.Ordinal);
        var sources = Directory.GetFiles(Path.Combine(Root(), "src", "Lease.Host", "Configuration"), "*.cs").Select(File.ReadAllText).ToList();
        var known = sources.SelectMany(static s => KnownKey.Matches(s).Select(static m => m.Groups["key"].Value))
            .ToHashSet(StringComparer.Ordinal);
        known.Except(documented, StringComparer.Ordinal).ShouldBeEmpty("not in docs/configuration.md");

        // Some keys go to the reader by way of a table or a property.
        documented.Where(key => !sources.Exists(s => s.Contains($"\"{key}\"", StringComparison.Ordinal))).ShouldBeEmpty("in docs/configuration.md, not known to the reader");
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Lease.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
