using Lease.Host.Tests.Leasequery;
using Lease.Kernel.Persistence;
using Lease.Kernel.TestKit;
using Lease.Testing;

namespace Lease.Host.Tests.Dhcp6;

/// <summary>A machine whose clock is set while its node serves, on SQLite.</summary>
public sealed class ClockScenarios
{
    private const string Pool = """
        "valid-lifetime": 3600, "preferred-lifetime": 1800,
        "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo", "pools": [{"pool": "2001:db8:1::1-2001:db8:1::4"}]}]
        """;

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public async Task A_clock_that_is_set_ends_no_lease_and_gives_none_to_another_client(int days)
    {
        var right = new VirtualTime();
        var clock = new SteppedTime(right);
        var log = new LogLines();
        await using var server = await TestServer.StartAsync(TestServer.Read(Pool), log, clock);
        for (var i = 0; i < 4; i++)
            (await server.Client(i).BindAsync()).ShouldNotBeNull().Leases.ShouldHaveSingleItem();
        var before = await server.LeasesAsync();
        clock.Step = TimeSpan.FromDays(days);
        for (var i = 0; i < 30; i++)
            right.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(
            () => Task.FromResult(log.Lines.Any(static l => l.Contains("machine's clock was set", StringComparison.Ordinal))), "the step was said");
        (await server.LeasesAsync()).ShouldBe(before);
        (await server.Client(9).BindAsync())?.Leases.ShouldBeEmpty();

        // By the time that has passed they end.
        for (var i = 0; i < 3600; i++)
            right.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(
            async () => (await server.LeasesAsync()).All(static l => l.State == LeaseState.Free), "the leases ended");
    }
}
