using Lease.Host.Configuration;

namespace Lease.Host.Tests.Configuration;

public sealed class NodeConfigurationTests
{
    private const string Tls = "\"tls\": {\"certificate\": \"a\", \"key\": \"b\", \"authorities\": \"c\"}";

    [Theory]
    [InlineData("{\"type\": \"postgresql\"}", "is missing: name the database, as in \"Host=db1,db2;Database=lease;Username=lease\"")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"host=db1,db2 dbname=lease password=secret\"}", "has settings with a space between them: a semicolon belongs there")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"postgresql://db1/lease\"}", "is not a connection string of Npgsql's")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"Host=db1;Colour=red\"}", "is not a connection string of Npgsql's: Couldn't set colour")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"Host=db1;Port=many\"}", "is not a connection string of Npgsql's: Couldn't set port")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"Database=lease\"}", "names no Host")]
    [InlineData("{\"type\": \"sqlite\", \"connection\": \"Host=db1\"}", "is of no use unless \"type\" is \"postgresql\"")]
    [InlineData("{\"cluster-id\": \"b0a6d6d6-5f9c-4f0e-9d4e-0f8f7f6a3c11\"}", "is of no use unless \"type\" is \"postgresql\"")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"Host=db1\", \"cluster-id\": \"a\"}", "the cluster's id, as the log")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"Host=db1\", \"max-clock-gap\": 600}", "is of no use with \"postgresql\"")]
    [InlineData("{\"max-clock-gap\": 10}", "from 60")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"Host=db1;Passfile=/dev/zero\"}", "/dev/zero is no regular file")]
    [InlineData("{\"type\": \"mysql\"}", "\"mysql\" is not allowed")]
    public void What_is_wrong_with_the_storage_is_named(string storage, string message)
    {
        var result = Read(storage);
        result.Configuration.ShouldBeNull();
        result.Problems.ShouldContain(p => p.Severity == Severity.Error && p.Path.StartsWith("Lease.storage", StringComparison.Ordinal) && p.Message.Contains(message, StringComparison.Ordinal));
        result.Problems.ShouldNotContain(static p => p.Message.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Host=db1,db2;Database=lease;Username=lease;Password=secret;SSL Mode=VerifyFull")]
    [InlineData("Host=[2001:db8::1]:5433,2001:db8::2;Database=lease")]
    [InlineData("Host=/var/run/postgresql")]
    public void A_connection_string_of_Npgsqls_is_taken_as_it_is(string connection)
        => Read($$"""{"type": "postgresql", "connection": "{{connection}}"}""").Configuration!.Storage.PostgresConnection.ShouldBe(connection);

    [Fact]
    public void A_storage_names_its_cluster_or_the_gap_of_its_clock()
    {
        Read("{}").Configuration!.Storage.MaxClockGap.ShouldBe(TimeSpan.FromDays(1));
        Read("{\"max-clock-gap\": 600}").Configuration!.Storage.MaxClockGap.ShouldBe(TimeSpan.FromMinutes(10));
        var id = Guid.NewGuid();
        var named = Read($$"""{"type": "postgresql", "connection": "Host=db1", "cluster-id": "{{id}}"}""");
        named.Configuration!.Storage.ClusterId.ShouldBe(id);
    }

    [Fact]
    public void A_node_has_a_name_and_links()
    {
        var node = ReadNode($"\"id\": \"n1\", \"address\": \"[2001:db8::11]:5480\", {Tls}").Configuration.ShouldNotBeNull().Node;
        node.Id.ShouldBe("n1");
        node.Link.ShouldNotBeNull().Address.ToString().ShouldBe("[2001:db8::11]:5480");
    }

    [Theory]
    [InlineData("\"id\": \"n\\n1\"", "a name of at most 255 characters, without control characters")]
    [InlineData("\"address\": \"[::]:5480\", " + Tls, "an IPv6 address of this host that other nodes reach")]
    [InlineData("\"address\": \"[2001:db8::11]:5480\"", "needs \"tls\" beside it")]
    [InlineData("\"rehearsal\": 2", "true or false")]
    [InlineData(Tls, "is of no use without \"address\"")]
    public void What_is_wrong_with_the_node_is_named(string node, string message)
    {
        var result = ReadNode(node);
        result.Configuration.ShouldBeNull();
        result.Problems.ShouldContain(p => p.Severity == Severity.Error && p.Path.StartsWith("Lease.node", StringComparison.Ordinal) && p.Message.Contains(message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"id\": \"n1\"", true)]
    [InlineData("\"rehearsal\": false", false)]
    public void A_node_rehearses_unless_it_is_told_not_to(string node, bool rehearses)
        => ReadNode(node).Configuration.ShouldNotBeNull().Node.Rehearses.ShouldBe(rehearses);

    [Fact]
    public void A_name_that_is_too_long_is_refused()
    {
        ReadNode($"\"id\": \"{new string('n', 255)}\"").Configuration.ShouldNotBeNull();
        ReadNode($"\"id\": \"{new string('n', 256)}\"").Configuration.ShouldBeNull();
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("\"declined-limit\": 7, ", 7)]
    public void The_limit_of_declined_addresses_can_be_changed(string limit, uint expected)
    {
        const string subnet = "{\"id\": 1, \"subnet\": \"2001:db8::/64\", \"pools\": [{\"pool\": \"2001:db8::1-2001:db8::6\"}]}";
        const string dhcp6Text = "{\"interfaces-config\": {\"interfaces\": [\"eth0\"]}, \"subnet6\": [" + subnet + "]}";
        var text = $"{{\"Lease\": {{{limit}\"node\": {{}}}}, \"Dhcp6\": {dhcp6Text}}}";
        var dhcp6 = ConfigurationReader.Read(text, "test.json").Configuration.ShouldNotBeNull().Dhcp6;
        dhcp6.DeclinedLimitOn(dhcp6.Links[0].Subnets[0]).ShouldBe(expected);
    }

    private static ConfigurationResult Read(string storage, string node = "")
        => ConfigurationReader.Read(
            $$$"""{"Lease": {"storage": {{{storage}}}, "node": { {{{node}}} } }, "Dhcp6": {"interfaces-config": {"interfaces": ["eth0"]} } }""", "test.json");

    private static ConfigurationResult ReadNode(string node) => Read("{\"type\": \"postgresql\", \"connection\": \"Host=db1\"}", node);
}
