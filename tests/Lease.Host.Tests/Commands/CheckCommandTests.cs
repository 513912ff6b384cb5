namespace Lease.Host.Tests.Commands;

public sealed class CheckCommandTests
{
    [Fact]
    public async Task A_good_file_is_summarised_on_standard_output()
    {
        var (code, output, errors) = await CheckAsync("{\"Dhcp6\": {\"interfaces-config\": {\"interfaces\": [\"eth0\"]}, \"subnet6\": [{\"id\": 5, \"subnet\": \"2001:db8::/64\"}]}}");
        code.ShouldBe(0);
        output.ShouldContain("link subnet-5: subnet 5 2001:db8::/64");
        errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_wrong_file_is_refused_with_places_on_standard_error()
    {
        var (code, output, errors) = await CheckAsync("{\"Dhcp6\": {\n \"valid-lifetime\": -1}}");
        code.ShouldBe(1);
        output.ShouldBeEmpty();
        errors.ShouldContain(":2:20: error: Dhcp6.valid-lifetime: ");
        errors.ShouldContain("interfaces-config is missing");
    }

    [Fact]
    public async Task A_missing_file_is_refused()
    {
        var (code, _, errors) = await LeaseCommand.RunAsync("check", "/nowhere/lease.json");
        code.ShouldBe(1);
        errors.ShouldContain("cannot be read");
    }

    [Fact]
    public async Task An_empty_name_is_wrong_usage()
    {
        var (code, _, errors) = await LeaseCommand.RunAsync("check", "");
        code.ShouldBe(2);
        errors.ShouldContain("FILE must not be empty");
        errors.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task A_file_without_an_end_is_refused()
    {
        var (code, _, errors) = await LeaseCommand.RunAsync("check", "/dev/zero");
        code.ShouldBe(1);
        errors.ShouldContain("/dev/zero is no regular file");
    }

    [Fact]
    public async Task Wrong_usage_ends_with_2() => (await LeaseCommand.RunAsync("check")).Code.ShouldBe(2);

    private static async Task<(int Code, string Output, string Errors)> CheckAsync(string text)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
            return await LeaseCommand.RunAsync("check", file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
