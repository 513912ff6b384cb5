using System.Net;
using System.Runtime.CompilerServices;
using Lease.Peers.Leasequery;
using Lease.Peers.Mirror;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Lease.Peers.Tests;

/// <summary>docs/query.md and docs/mirror.md: their samples are the methods at the end, their statements run.</summary>
public sealed class DocumentationTests
{
    [Theory]
    [InlineData("query.md", 14)]
    [InlineData("mirror.md", 3)]
    public void Samples_on_the_pages_are_code_that_is_compiled_here(string page, int least)
    {
        var here = File.ReadLines(Source()).Select(static line => line.Trim()).ToHashSet(StringComparer.Ordinal);
        var samples = Samples(page, "csharp");
        samples.Length.ShouldBeGreaterThanOrEqualTo(least);
        samples.Where(line => !here.Contains(line)).ShouldBeEmpty();
    }

    [Fact]
    public void Statements_and_columns_of_the_mirrors_page_are_those_of_its_file()
    {
        var directory = Directory.CreateTempSubdirectory("lease-mirror-").FullName;
        var file = Path.Combine(directory, "mirror.db");
        using (new MirrorDatabase(file))
        using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString()))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            foreach (var statement in Samples("mirror.md", "sql"))
            {
                command.CommandText = statement;
                command.ExecuteNonQuery();
            }

            var page = File.ReadAllText(Page("mirror.md"));
            command.CommandText = "SELECT name FROM pragma_table_info('current_lease') UNION SELECT name FROM pragma_table_info('server')";
            using var reader = command.ExecuteReader();
            while (reader.Read())
                page.ShouldContain($"`{reader.GetString(0)}`");
        }

        Directory.Delete(directory, recursive: true);
    }

    private static string[] Samples(string page, string language)
    {
        var lines = new List<string>();
        var inside = false;
        foreach (var line in File.ReadLines(Page(page)))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                inside = line == "```" + language;
            else if (inside && line.Trim().Length > 0)
                lines.Add(line.Trim());
        }

        return [.. lines];
    }

    private static string Page(string name) => Path.Combine(Path.GetDirectoryName(Source())!, "..", "..", "docs", name);

    private static string Source([CallerFilePath] string path = "") => path;

#pragma warning disable IDE0051, S1144 // Compiled, not run.
    private static async Task AskOverTcpAsync(byte[] requestorDuid, Ipv6Address link, CancellationToken stop)
    {
        var server = new IPEndPoint(IPAddress.Parse("2001:db8::53"), 547);
        await using var connection = await RequestorConnection.ConnectAsync(server, requestorDuid, TimeSpan.FromSeconds(120), TimeProvider.System, cancellation: stop);

        // Bulk: who is there.
        await foreach (var client in connection.BulkAsync(LeasequeryRequest.ByLink(link), stop))
            Console.WriteLine($"{Duid.ToText(client.ClientId)} has {string.Join(", ", client.Leases.Select(lease => lease.Prefix))}");

        // Active, on the same connection: what changes from now on.
        await connection.ActiveAsync(LeasequeryRequest.Everything, update =>
        {
            foreach (var lease in update.Client?.Leases ?? [])
                Console.WriteLine($"{lease.Prefix} {(lease.Valid == 0 ? "ended" : "bound")}");
        }, stop);
    }

    private static async Task AskOverUdpAsync(IPEndPoint server, byte[] requestorDuid, Ipv6Address address, CancellationToken stop)
    {
        using var requestor = new UdpRequestor(server, requestorDuid, TimeProvider.System, Random.Shared);
        await foreach (var client in requestor.QueryAsync(LeasequeryRequest.ByAddress(address), stop))
            Console.WriteLine(Duid.ToText(client.ClientId));
    }

    private static async Task MirrorAsync(IPEndPoint server, byte[] requestorDuid, ILogger logger, CancellationToken stop)
    {
        using var database = new MirrorDatabase("bindings.db");
        var mirror = new ServerMirror(new MirrorOptions(server, requestorDuid), database, TimeProvider.System, logger);
        await mirror.RunAsync(stop);
    }
#pragma warning restore IDE0051, S1144
}
