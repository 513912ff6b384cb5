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

    private async Task<(int Code, string Errors)> ServeAsync(string configuration)
    {
        var file = Path.Combine(folder.FullName, "lease.json");
        await File.WriteAllTextAsync(file, configuration, TestContext.Current.CancellationToken);
        var (code, output, errors) = await LeaseCommand.RunAsync("serve", "--config", file, "--data", Data);
        return (code, output + errors);
    }
}
