using Lease.Host.Configuration;

namespace Lease.Host.Tests.Configuration;

public sealed class NodeConfigurationTests
{
    [Theory]
    [InlineData("{\"type\": \"postgresql\"}", "is missing: name the database, as in \"Host=db1,db2;Database=lease;Username=lease\"")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"host=db1,db2 dbname=lease\"}", "has settings with a space between them (Host is \"db1,db2 dbname=lease\"): a semicolon belongs there")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"postgresql://db1/lease\"}", "is not a connection string of Npgsql's")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"Host=db1;Colour=red\"}", "is not a connection string of Npgsql's: Couldn't set colour")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"Host=db1;Port=many\"}", "is not a connection string of Npgsql's: Couldn't set port")]
    [InlineData("{\"type\": \"postgresql\", \"connection\": \"Database=lease\"}", "names no Host")]
    [InlineData("{\"type\": \"sqlite\", \"connection\": \"Host=db1\"}", "is of no use unless \"type\" is \"postgresql\"")]
    [InlineData("{\"type\": \"mysql\"}", "\"mysql\" is not allowed")]
    public void What_is_wrong_with_the_storage_is_named(string storage, string message)
    {
        var result = Read(storage);
        result.Configuration.ShouldBeNull();
        result.Problems.ShouldContain(p => p.Severity == Severity.Error && p.Path.StartsWith("Lease.storage", StringComparison.Ordinal) && p.Message.Contains(message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Host=db1,db2;Database=lease;Username=lease;Password=secret;SSL Mode=VerifyFull")]
    [InlineData("Host=[2001:db8::1]:5433,2001:db8::2;Database=lease")]
    [InlineData("Host=/var/run/postgresql")]
    public void A_connection_string_of_Npgsqls_is_taken_as_it_is(string connection)
        => Read($$"""{"type": "postgresql", "connection": "{{connection}}"}""").Configuration!.Storage.PostgresConnection.ShouldBe(connection);

    private static ConfigurationResult Read(string storage)
        => ConfigurationReader.Read($$$"""{"Lease": {"storage": {{{storage}}} }, "Dhcp6": {"interfaces-config": {"interfaces": ["eth0"]} } }""", "test.json");
}
