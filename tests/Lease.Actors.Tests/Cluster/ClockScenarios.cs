namespace Lease.Actors.Tests.Cluster;

/// <summary>What a node says of clocks that are wrong: once when one is, and once when it is right again.</summary>
public sealed class ClockScenarios : IAsyncDisposable
{
    private const int MachineDiffers = 6009;
    private const int MachineAgrees = 6010;
    private const int StoreBehind = 6011;
    private const int StoreAgrees = 6012;

    private readonly TestDatabase database = new();
    private readonly TestNode node;

    public ClockScenarios()
    {
        node = new TestNode("a", database);
        Pass(3);
    }

    public ValueTask DisposeAsync() => node.DisposeAsync();

    [Fact]
    public void Clocks_that_are_right_are_not_spoken_of()
    {
        Pass(10);
        node.Log.Of(MachineDiffers, MachineAgrees, StoreBehind, StoreAgrees).ShouldBeEmpty();
    }

    [Fact]
    public void A_database_whose_clock_was_set_back_is_told_of_until_it_has_caught_up()
    {
        database.Store.ClockBehind = TimeSpan.FromSeconds(12);
        Pass(5);
        var (number, line) = node.Log.Of(StoreBehind, StoreAgrees).ShouldHaveSingleItem();
        number.ShouldBe(StoreBehind);
        line.ShouldContain("12 s behind the cluster's time");
        database.Store.ClockBehind = TimeSpan.Zero;
        Pass(5);
        node.Log.Of(StoreBehind, StoreAgrees).Select(static l => l.Number).ShouldBe([StoreBehind, StoreAgrees]);
        node.Log.Of(MachineDiffers).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(90, "is 90 s ahead")]
    [InlineData(-90, "is -90 s ahead")]
    public void A_machine_whose_clock_is_off_is_told_of_until_it_is_set(int lead, string words)
    {
        node.MachineClock.Step = TimeSpan.FromSeconds(lead);
        Pass(5);
        var (number, line) = node.Log.Of(MachineDiffers, MachineAgrees).ShouldHaveSingleItem();
        number.ShouldBe(MachineDiffers);
        line.ShouldContain(words);
        node.MachineClock.Step = TimeSpan.Zero;
        Pass(5);
        node.Log.Of(MachineDiffers, MachineAgrees).Select(static l => l.Number).ShouldBe([MachineDiffers, MachineAgrees]);
    }

    // Just around the limit of a second it is not said again and again.
    [Fact]
    public void A_clock_that_wavers_about_the_limit_is_told_of_once()
    {
        foreach (var lead in (double[])[1.1, 0.9, 1.1, 0.9, 0.7])
        {
            node.MachineClock.Step = TimeSpan.FromSeconds(lead);
            Pass(2);
        }

        node.Log.Of(MachineDiffers, MachineAgrees).Select(static l => l.Number).ShouldBe([MachineDiffers]);
        node.MachineClock.Step = TimeSpan.FromSeconds(0.4);
        Pass(2);
        node.Log.Of(MachineAgrees).ShouldHaveSingleItem();
    }

    private void Pass(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            database.Clock.Advance(TimeSpan.FromSeconds(1));
            node.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
