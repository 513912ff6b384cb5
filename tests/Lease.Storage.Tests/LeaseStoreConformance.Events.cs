using Lease.Kernel.Persistence;

namespace Lease.Storage.Tests;

/// <content>What changed since a moment, for active leasequery.</content>
public abstract partial class LeaseStoreConformance
{
    [Fact]
    public async Task A_replay_tells_each_binding_that_changed_since_once_in_its_current_state()
    {
        var before = await AppendAsync(Write(1, 0));
        Settle();
        var start = Store.End;
        var second = await AppendAsync(Write(2, 0));
        await AppendAsync(Write(3, 0));
        await AppendAsync(Write(2, second.RowId));
        foreach (var limit in new[] { 1, 2, 100 })
            Replayed(start, limit).ShouldBe([3, 2]);
        await AppendAsync(Write(1, before.RowId));
        Replayed(start, 2).ShouldBe([3, 2, 1]);
        Settle();
        Replayed(Store.End, 100).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_moment_has_its_place_in_front_of_the_first_event_of_then()
    {
        await AppendAsync(Write(1, 0));
        Advance(TimeSpan.FromSeconds(10));
        var write = await AppendAsync(Write(2, 0));
        Advance(TimeSpan.FromSeconds(10));
        await AppendAsync(Write(3, 0));
        Replayed(Store.FindStart(write.ChangedAt).ShouldNotBeNull(), 10).ShouldBe([2, 3]);
        Replayed(Store.FindStart(write.ChangedAt + 1).ShouldNotBeNull(), 10).ShouldBe([3]);
        Replayed(Store.FindStart(Now() + 1).ShouldNotBeNull(), 10).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_binding_whose_row_is_gone_is_not_told()
    {
        Settle();
        var start = Store.End;
        var first = await AppendAsync(Write(1, 0));
        await AppendAsync(RowOf(1, row: null, first.RowId));
        Replayed(start, 10).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_comes_is_later_than_what_is_settled_and_what_was_told_is_settled_soon()
    {
        for (var i = 0; i < 50; i++)
        {
            var settled = Store.SettledThrough;
            var write = await AppendAsync(Write(i, 0));
            write.ChangedAt.ShouldBeGreaterThan(settled);
            Advance(TimeSpan.FromMilliseconds(i % 3));
        }

        Advance(TimeSpan.FromSeconds(1));
        var last = Now() - 1000;
        for (var end = DateTime.UtcNow.AddSeconds(10); Store.SettledThrough < last;)
        {
            DateTime.UtcNow.ShouldBeLessThan(end);
            await Store.BeatAsync("node-1", 1, NodeState.Up, 0, CancellationToken.None);
        }
    }

    [Fact]
    public async Task Events_are_there_after_reopening()
    {
        var write = await AppendAsync(Write(1, 0));
        await AppendAsync(Write(2, 0));
        await ReopenAsync();
        Replayed(Store.FindStart(write.ChangedAt).ShouldNotBeNull(), 10).ShouldBe([1, 2]);
    }

    protected List<int> Replayed(StreamPosition after, int limit)
    {
        Settle();
        var found = new List<int>();
        for (; ; )
        {
            var rows = new Rows(found, int.MaxValue);
            var result = Store.Replay(after, limit, ref rows);
            result.Lost.ShouldBeFalse();
            if (result.Ended)
                return found;
            after = result.Position;
        }
    }
}
