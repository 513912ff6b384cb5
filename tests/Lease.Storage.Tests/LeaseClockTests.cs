namespace Lease.Storage.Tests;

/// <summary>The time of the leases on a single node, whose machine's clock is slewed, set, or wrong when the store is opened.</summary>
public sealed class LeaseClockTests : IAsyncDisposable
{
    private const int Stepped = 2015;
    private const int StaysAhead = 2016;
    private const int BeforeLastCommit = 2017;
    private const int FarBehindLastCommit = 2018;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Close = TimeSpan.FromMilliseconds(2);

    private readonly FileStoreKit kit = new();

    public ValueTask DisposeAsync() => kit.DisposeAsync();

    [Theory]
    [InlineData(172_800)]
    [InlineData(-172_800)]
    [InlineData(5)]
    [InlineData(-5)]
    public async Task A_step_is_said_once_and_does_not_move_the_time_of_the_leases(int seconds)
    {
        await kit.OpenAsync();
        var before = await kit.WriteAsync(1);
        kit.Clock.Step = TimeSpan.FromSeconds(seconds);
        await PassAsync(10);
        kit.Log(Stepped).ShouldHaveSingleItem().ShouldContain($"was set {seconds} s ahead");
        kit.Leases.GetUtcNow().ShouldBe(kit.Time.GetUtcNow(), Close);
        ((await kit.WriteAsync(2)).ChangedAt - before.ChangedAt).ShouldBeInRange(9_998, 10_002);
        kit.Clock.Step = TimeSpan.Zero;
        await PassAsync(3);
        kit.Log(Stepped).Count.ShouldBe(2);
        kit.Leases.GetUtcNow().ShouldBe(kit.Time.GetUtcNow(), Close);
    }

    [Fact]
    public async Task Times_of_events_never_decrease_whatever_the_clock_does()
    {
        await kit.OpenAsync();
        var random = new Random(1);
        var last = 0L;
        for (var i = 0; i < 200; i++)
        {
            kit.Clock.Step = TimeSpan.FromMilliseconds(random.Next(-100_000, 100_000));
            kit.Time.Advance(TimeSpan.FromMilliseconds(random.Next(0, 300)));
            if (random.Next(2) == 0)
                await kit.BeatAsync();
            var at = (await kit.WriteAsync(i)).ChangedAt;
            at.ShouldBeGreaterThanOrEqualTo(last);
            last = at;
        }

        kit.Leases.GetUtcNow().ShouldBe(kit.Time.GetUtcNow(), TimeSpan.FromSeconds(60));
    }

    // Half a millisecond in a second for an hour.
    [Theory]
    [InlineData(0.5)]
    [InlineData(-0.5)]
    public async Task A_clock_that_is_slewed_is_followed(double milliseconds)
    {
        await kit.OpenAsync();
        for (var i = 1; i <= 3600; i++)
        {
            kit.Clock.Step = TimeSpan.FromMilliseconds(i * milliseconds);
            await PassAsync(1);
        }

        kit.Leases.GetUtcNow().ShouldBe(kit.Clock.GetUtcNow(), Close);
        kit.Log(Stepped).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_clock_that_is_slewed_after_a_step_is_followed_at_the_same_distance()
    {
        await kit.OpenAsync();
        for (var i = 1; i <= 100; i++)
        {
            kit.Clock.Step = TimeSpan.FromSeconds(60) + TimeSpan.FromMilliseconds(10 * i);
            await PassAsync(1);
        }

        kit.Log(Stepped).Count.ShouldBe(1);
        kit.Leases.GetUtcNow().ShouldBe(kit.Clock.GetUtcNow() - TimeSpan.FromSeconds(60), TimeSpan.FromMilliseconds(15));
    }

    [Fact]
    public async Task A_restart_after_a_step_ahead_ends_no_lease_early()
    {
        await kit.OpenAsync();
        kit.Clock.Step = TimeSpan.FromDays(2);
        await PassAsync(2);
        await RestartAsync(TimeSpan.FromSeconds(20));
        kit.Leases.GetUtcNow().ShouldBe(kit.Time.GetUtcNow(), Close);
        kit.Log(StaysAhead).ShouldHaveSingleItem().ShouldContain("172800 s");
        kit.Log(FarBehindLastCommit).ShouldBeEmpty();

        // Set right while the server is not there to see it.
        kit.Clock.Step = TimeSpan.Zero;
        await RestartAsync(TimeSpan.FromSeconds(20));
        await PassAsync(2);
        kit.Leases.GetUtcNow().ShouldBe(kit.Time.GetUtcNow(), Close);
        await RestartAsync(TimeSpan.FromSeconds(20));
        kit.Log(StaysAhead).Count.ShouldBe(1);
        kit.Log(BeforeLastCommit, FarBehindLastCommit).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_clock_before_the_last_commit_is_said_and_time_goes_on_from_that_commit()
    {
        await kit.OpenAsync();
        var last = (await kit.WriteAsync(1)).ChangedAt;
        kit.Clock.Step = -TimeSpan.FromHours(3);
        await RestartAsync(TimeSpan.FromMinutes(1));
        var line = kit.Log(BeforeLastCommit).ShouldHaveSingleItem();
        line.ShouldContain("shows 2029-12-31T21:01:00Z");
        line.ShouldContain("was at 2030-01-01T00:00:00Z");
        kit.Leases.GetUtcNow().ToUnixTimeMilliseconds().ShouldBeInRange(last, last + 2);
        await PassAsync(5);
        kit.Leases.GetUtcNow().ToUnixTimeMilliseconds().ShouldBeInRange(last + 4998, last + 5002);
    }

    [Fact]
    public async Task A_clock_far_behind_the_last_commit_is_said_and_counts()
    {
        await kit.OpenAsync(static o => o with { MaxClockGap = TimeSpan.FromHours(1) });
        await RestartAsync(TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
        kit.Log(FarBehindLastCommit).ShouldBeEmpty();
        await RestartAsync(TimeSpan.FromMinutes(61), TimeSpan.FromHours(1));
        var line = kit.Log(FarBehindLastCommit).ShouldHaveSingleItem();
        line.ShouldContain("shows 2030-01-01T02:00:00Z");
        line.ShouldContain("was at 2030-01-01T00:59:00Z");
        kit.Leases.GetUtcNow().ShouldBe(kit.Time.GetUtcNow(), Close);
    }

    [Fact]
    public async Task A_server_that_had_nothing_to_commit_for_long_is_no_clock_that_is_wrong()
    {
        await kit.OpenAsync();
        await kit.WriteAsync(1);
        kit.Time.Advance(TimeSpan.FromDays(5));
        await RestartAsync(TimeSpan.FromMinutes(1));
        kit.Log(FarBehindLastCommit).ShouldBeEmpty();
    }

    private async Task RestartAsync(TimeSpan pause, TimeSpan? maxGap = null)
    {
        await kit.CloseAsync();
        kit.Time.Advance(pause);
        await kit.OpenAsync(o => o with { MaxClockGap = maxGap ?? o.MaxClockGap });
    }

    private async Task PassAsync(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            kit.Time.Advance(Second);
            await kit.BeatAsync();
        }
    }
}
