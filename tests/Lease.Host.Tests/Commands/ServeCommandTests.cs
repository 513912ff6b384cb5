using Lease.Testing;

namespace Lease.Host.Tests.Commands;

/// <summary>What keeps a node from starting is said with its place, and nothing is written.</summary>
public sealed class ServeCommandTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("lease-serve-");

    private string Data => Path.Combine(folder.FullName, "data");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_wrong_configuration_ends_with_1_and_creates_no_store()
    {
        var (code, errors) = await ServeAsync("{\"Dhcp6\": {\n \"valid-lifetime\": -1}}");
        code.ShouldBe(1);
        errors.ShouldContain("lease.json:2:20: error: Dhcp6.valid-lifetime: ");
        Directory.Exists(Data).ShouldBeFalse();
    }

    [Fact]
    public async Task An_interface_that_is_not_there_ends_with_1_and_is_named()
    {
        var (code, errors) = await ServeAsync("""
            {"Lease": {"server-port": 0, "client-port": 0},
             "Dhcp6": {"interfaces-config": {"interfaces": ["nowhere0"]}, "subnet6": [{"id": 1, "subnet": "2001:db8::/64"}]}}
            """);
        code.ShouldBe(1);
        errors.ShouldContain("nowhere0");
    }

    [Fact]
    public async Task A_database_that_is_deleted_ends_the_server_and_an_empty_one_is_begun_only_on_purpose()
    {
        const string configuration = """
            {"Lease": {"server-port": 0, "client-port": 0, "node": {"rehearsal": false}, "leasequery": {"tcp": {"addresses": []}}},
             "Dhcp6": {"interfaces-config": {"interfaces": ["lo/::1"]}, "subnet6": [{"id": 1, "subnet": "2001:db8::/64"}]}}
            """;
        var (code, errors) = await DeleteWhileServedAsync(configuration);
        code.ShouldBe(1);
        errors.ShouldMatch("lease.db was deleted or moved|unable to open database file");

        (code, errors) = await ServeAsync(configuration);
        code.ShouldBe(1);
        errors.ShouldContain("lease.db is missing, but a store was made here");
        File.Exists(Path.Combine(Data, "lease.db")).ShouldBeFalse();

        (code, errors) = await DeleteWhileServedAsync(configuration, "--new-store");
        code.ShouldBe(1);
        errors.ShouldContain("to begin with an empty store");
        Directory.GetFiles(Data, "lost-*-lease.id").ShouldHaveSingleItem();
    }

    // It serves, or is about to: it ends all the same.
    private async Task<(int Code, string Errors)> DeleteWhileServedAsync(string configuration, params string[] options)
    {
        var served = ServeAsync(configuration, options);
        await Eventually.TrueAsync(() => Task.FromResult(served.IsCompleted || IsOpen()), "the store was open");
        File.Delete(Path.Combine(Data, "lease.db"));
        return await served.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    private bool IsOpen()
    {
        var mark = Path.Combine(Data, "lease.id");
        return File.Exists(Path.Combine(Data, "lease.db"))
            && File.Exists(mark)
            && File.ReadAllText(mark).Contains("\nopen", StringComparison.Ordinal);
    }

    private async Task<(int Code, string Errors)> ServeAsync(string configuration, params string[] options)
    {
        var file = Path.Combine(folder.FullName, "lease.json");
        await File.WriteAllTextAsync(file, configuration, TestContext.Current.CancellationToken);
        var (code, output, errors) = await LeaseCommand.RunAsync(["serve", "--config", file, "--data", Data, .. options]);
        return (code, output + errors);
    }
}
