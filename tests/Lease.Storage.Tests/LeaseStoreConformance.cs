using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;

namespace Lease.Storage.Tests;

/// <summary>What every <see cref="ILeaseStore"/> must do, whatever engine is below it. One subclass for each engine.</summary>
public abstract partial class LeaseStoreConformance : IAsyncLifetime
{
    protected const int Shards = 4;

    protected static readonly PoolRange Pool = new(Start: 0x1000, UnitLength: 128, Units: 100, SliceSize: 8);

    protected ILeaseStore Store { get; private set; } = null!;

    protected VirtualTime Time { get; } = new();

    protected long[] Epochs { get; } = new long[Shards];

    public async ValueTask InitializeAsync()
    {
        Store = await OpenAsync();
        await ClaimAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await CleanAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract Task<ILeaseStore> OpenAsync();

    protected abstract Task CleanAsync();

    /// <summary>Moves the clock of the times that the store writes.</summary>
    protected virtual void Advance(TimeSpan by) => Time.Advance(by);

    /// <summary>That clock, Unix milliseconds.</summary>
    protected virtual long Now() => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Returns when everything that was told as committed can be replayed.</summary>
    protected virtual void Settle()
    {
    }

    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await OpenAsync();
        await ClaimAsync();
    }

    protected async Task ClaimAsync(string node = "node-1")
    {
        foreach (var grant in await Store.ClaimAllAsync(node))
            Epochs[grant.Shard] = grant.Epoch;
    }

    protected static EntityKey Key(int number) => new(BitConverter.GetBytes(number));

    protected static LeaseKey Lease(int number) => new((UInt128)(uint)number, 128);

    protected JournalWrite Write(int key, long rowId, params LeaseChange[] leases) => new()
    {
        Shard = Key(key).ShardOf(Shards),
        Epoch = Epochs[Key(key).ShardOf(Shards)],
        Key = Key(key),
        RowId = rowId,
        Event = new byte[] { 1, 2, 3 },
        Row = new BindingRow { Payload = BitConverter.GetBytes(key), Link = "town", ExpiresAt = 1000 + key },
        Leases = leases,
        ReplyTo = new Answer(),
    };

    protected async Task<JournalWrite> AppendAsync(JournalWrite write)
    {
        Store.TryAppend(write).ShouldBeTrue();
        return await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static LeaseChange NewLease(int number) => new(Lease(number), LeaseState.Active, IsNew: true);

    private async Task<List<WeakReference>> AppendedAsync(int count)
    {
        var writes = new List<WeakReference>();
        for (var i = 0; i < count; i++)
            writes.Add(new WeakReference(await AppendAsync(Write(i, 0))));
        return writes;
    }

    protected async Task<BindingLoaded> LoadAsync(int key)
    {
        var answer = new Loaded();
        Store.Load(Key(key), answer);
        return await answer.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    protected async Task<List<StoredLease>> LeasesAsync()
    {
        var leases = new List<StoredLease>();
        await foreach (var lease in Store.ReadLeasesAsync(CancellationToken.None))
            leases.Add(lease);
        return leases;
    }

    [Fact]
    public async Task A_write_that_cannot_be_stored_fails_alone()
    {
        var stored = Enumerable.Range(0, 10).Select(static n => 100 * n).ToHashSet();
        foreach (var number in stored)
            (await AppendAsync(Write(number, 0))).Outcome.ShouldBe(JournalOutcome.Committed);

        // Those that are there already claim to be new.
        var writes = Enumerable.Range(0, 1000).Select(n => Write(n, 0, new LeaseChange(Lease(n), LeaseState.Active))).ToList();
        foreach (var write in writes)
            Store.TryAppend(write).ShouldBeTrue();
        foreach (var write in writes)
            await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20));
        for (var n = 0; n < writes.Count; n++)
            writes[n].Outcome.ShouldBe(stored.Contains(n) ? JournalOutcome.Failed : JournalOutcome.Committed);
        writes.Where(static w => w.Outcome == JournalOutcome.Committed).Select(static w => w.RowId).ShouldBeUnique();
        (await LeasesAsync()).Count.ShouldBe(writes.Count - stored.Count);
        (await AppendAsync(Write(1000, 0))).Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public async Task A_committed_write_is_read_back_also_after_reopening()
    {
        var write = await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active)));
        write.Outcome.ShouldBe(JournalOutcome.Committed);
        for (var i = 0; i < 2; i++)
        {
            var loaded = await LoadAsync(1);
            loaded.Payload.ShouldBe(BitConverter.GetBytes(1));
            (loaded.RowId, loaded.Sequence).ShouldBe((write.RowId, write.Sequence));
            (await LeasesAsync()).Single().ShouldBe(new StoredLease(Lease(7), Key(1), LeaseState.Active, write.ChangedAt));
            await ReopenAsync();
        }
    }

    [Fact]
    public async Task An_unknown_entity_has_no_row()
    {
        var loaded = await LoadAsync(77);
        (loaded.RowId, loaded.Payload, loaded.Sequence).ShouldBe((0, null, 0));
    }

    [Fact]
    public async Task Sequences_are_gapless_within_each_shard_under_concurrent_writers()
    {
        var writes = new System.Collections.Concurrent.ConcurrentBag<JournalWrite>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
                writes.Add(await AppendAsync(Write((worker * 1000) + i, 0, new LeaseChange(Lease((worker * 1000) + i), LeaseState.Active))));
        })));
        foreach (var shard in writes.GroupBy(static w => w.Shard))
            shard.Select(static w => w.Sequence).Order().ShouldBe(Enumerable.Range(1, shard.Count()).Select(static n => (long)n));
    }

    [Fact]
    public async Task A_lease_that_another_binding_holds_fails_its_write_alone()
    {
        await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active)));
        var taken = Write(2, 0, new LeaseChange(Lease(8), LeaseState.Active), new LeaseChange(Lease(7), LeaseState.Active));
        var other = Write(3, 0, new LeaseChange(Lease(9), LeaseState.Active));
        Store.TryAppend(taken).ShouldBeTrue();
        Store.TryAppend(other).ShouldBeTrue();
        (await ((Answer)taken.ReplyTo).Task).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
        taken.Conflict.ShouldBe(Lease(7));
        (await ((Answer)other.ReplyTo).Task).Outcome.ShouldBe(JournalOutcome.Committed);
        (await LoadAsync(2)).Payload.ShouldBeNull();
        (await LeasesAsync()).Select(static l => l.Key).ShouldBe([Lease(7), Lease(9)]);
    }

    [Fact]
    public async Task A_declined_lease_is_nobodys_and_a_freed_one_anybodys()
    {
        var first = await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Declined)));
        (await AppendAsync(Write(2, 0, new LeaseChange(Lease(7), LeaseState.Active)))).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
        (await AppendAsync(Write(1, first.RowId, new LeaseChange(Lease(7), LeaseState.Free)))).Outcome.ShouldBe(JournalOutcome.Committed);
        (await AppendAsync(Write(2, 0, new LeaseChange(Lease(7), LeaseState.Active)))).Outcome.ShouldBe(JournalOutcome.Committed);
        await AppendAsync(Write(1, first.RowId, new LeaseChange(Lease(7), LeaseState.Free)));
        (await LeasesAsync()).Single().State.ShouldBe(LeaseState.Active, "freeing what another binding holds has no effect");
    }

    [Fact]
    public async Task A_lease_that_is_wrongly_said_to_be_new_is_claimed_or_refused_like_any_other()
    {
        var first = await AppendAsync(Write(1, 0, NewLease(7)));
        var taken = Write(2, 0, NewLease(8), NewLease(7));
        var other = Write(3, 0, NewLease(9));
        Store.TryAppend(taken).ShouldBeTrue();
        Store.TryAppend(other).ShouldBeTrue();
        (await ((Answer)taken.ReplyTo).Task).Outcome.ShouldBe(JournalOutcome.LeaseConflict);
        taken.Conflict.ShouldBe(Lease(7));
        (await ((Answer)other.ReplyTo).Task).Outcome.ShouldBe(JournalOutcome.Committed);
        (await AppendAsync(Write(4, 0, NewLease(10), new LeaseChange(Lease(9), LeaseState.Active)))).Conflict.ShouldBe(Lease(9));
        await AppendAsync(Write(1, first.RowId, new LeaseChange(Lease(7), LeaseState.Free)));
        (await AppendAsync(Write(2, 0, NewLease(7)))).Outcome.ShouldBe(JournalOutcome.Committed);
        (await LeasesAsync()).Select(static l => (l.Key, l.State)).ShouldBe([(Lease(7), LeaseState.Active), (Lease(9), LeaseState.Active)]);
    }

    [Fact]
    public async Task Deleting_a_row_forgets_the_binding_and_its_freed_leases()
    {
        var first = await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active)));
        var deletion = new JournalWrite
        {
            Shard = first.Shard,
            Epoch = first.Epoch,
            Key = first.Key,
            RowId = first.RowId,
            Event = default,
            Row = null,
            Leases = new[] { new LeaseChange(Lease(7), LeaseState.Free) },
            ReplyTo = new Answer(),
        };
        (await AppendAsync(deletion)).Outcome.ShouldBe(JournalOutcome.Committed);
        (await LoadAsync(1)).Payload.ShouldBeNull();
        (await LeasesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_write_of_an_older_epoch_is_fenced_and_leaves_nothing()
    {
        var late = Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active));
        await ClaimAsync();
        (await AppendAsync(late)).Outcome.ShouldBe(JournalOutcome.Fenced);
        (await LeasesAsync()).ShouldBeEmpty();
        (await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active)))).Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public async Task Shards_of_another_node_are_not_claimed_until_it_releases_them()
    {
        (await Store.ClaimAllAsync("node-2")).ShouldBeEmpty();
        await Store.ReleaseAllAsync("node-1");
        (await Store.ClaimAllAsync("node-2")).Count.ShouldBe(Shards);
    }

    [Fact]
    public async Task What_a_node_writes_after_it_gave_its_shards_up_is_fenced()
    {
        await Store.ReleaseAllAsync("node-1");
        (await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active)))).Outcome.ShouldBe(JournalOutcome.Fenced);
        (await LoadAsync(1)).Payload.ShouldBeNull();
        (await LeasesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_claim_says_where_each_shards_sequence_stands()
    {
        var write = await AppendAsync(Write(1, 0));
        var grants = await Store.ClaimAllAsync("node-1");
        grants.Count.ShouldBe(Shards);
        foreach (var grant in grants)
            (grant.LastSequence, grant.Epoch).ShouldBe((grant.Shard == write.Shard ? 1 : 0, Epochs[grant.Shard] + 1));
    }

    [Fact]
    public async Task Walks_of_many_pages_give_every_row_once()
    {
        const int count = 2500;
        var writes = Enumerable.Range(0, count).Select(i => Write(i, 0, new LeaseChange(Lease(i), LeaseState.Active))).ToList();
        foreach (var write in writes)
            Store.TryAppend(write).ShouldBeTrue();
        foreach (var write in writes)
            await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20));
        var bindings = new List<int>();
        await foreach (var binding in Store.ReadBindingsAsync(CancellationToken.None))
            bindings.Add(BitConverter.ToInt32(binding.Key.Bytes));
        bindings.Order().ShouldBe(Enumerable.Range(0, count));
        (await LeasesAsync()).Select(static l => l.Key).ShouldBe(Enumerable.Range(0, count).Select(Lease));
    }

    [Fact]
    public async Task The_time_of_change_never_decreases()
    {
        var first = await AppendAsync(Write(1, 0));
        Advance(TimeSpan.FromSeconds(-100));
        (await AppendAsync(Write(1, first.RowId))).ChangedAt.ShouldBeGreaterThanOrEqualTo(first.ChangedAt);
    }

    [Fact]
    public async Task Due_entities_come_earliest_first_and_only_of_the_asked_shards()
    {
        for (var i = 0; i < 20; i++)
            await AppendAsync(Write(i, 0));
        var all = Enumerable.Range(0, Shards).ToArray();
        (await Store.FindDueAsync(all, 1009, 100, CancellationToken.None)).ShouldBe(Enumerable.Range(0, 10).Select(Key));
        (await Store.FindDueAsync(all, 1009, 3, CancellationToken.None)).Count.ShouldBe(3);
        var one = await Store.FindDueAsync([2], 2000, 100, CancellationToken.None);
        one.ShouldBe(Enumerable.Range(0, 20).Select(Key).Where(static k => k.ShardOf(Shards) == 2));
    }

    [Fact]
    public async Task What_has_been_committed_is_not_held()
    {
        const int count = 30;
        var writes = await AppendedAsync(count);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        // The last batch may be there until the next.
        writes.Count(static w => w.IsAlive).ShouldBeLessThan(count / 3);
    }

    [Fact]
    public async Task Each_slice_goes_to_one_shard_and_all_of_them_go()
    {
        var taken = new List<long>();
        for (var i = 0; await Store.TakeSlicesAsync(Pool, i % Shards, atMost: 8, CancellationToken.None) is [var slice]; i++)
            taken.Add(slice.Number);
        taken.ShouldBe(Enumerable.Range(0, 13).Select(static n => (long)n));
        await ReopenAsync();
        var owned = await Store.LoadSlicesAsync(1, [Pool], CancellationToken.None);
        owned.Select(static s => s.Number).ShouldBe([1, 5, 9]);
    }

    [Fact]
    public async Task Of_a_large_pool_several_slices_may_be_taken_at_once_and_of_what_is_left_of_it_one()
    {
        var large = new PoolRange(new UInt128(0x20010db8_00990000, 0), 128, 1000 * 256, 256);
        var taken = new List<long>();
        var sizes = new List<int>();
        for (var i = 0; await Store.TakeSlicesAsync(large, i % Shards, atMost: 8, CancellationToken.None) is { Count: > 0 } slices; i++)
        {
            sizes.Add(slices.Count);
            taken.AddRange(slices.Select(static s => s.Number));
        }

        taken.ShouldBe(Enumerable.Range(0, 1000).Select(static n => (long)n));
        sizes[0].ShouldBe(3);
        sizes[^1].ShouldBe(1);
    }

    [Fact]
    public async Task Shards_that_ask_together_get_slices_of_their_own_until_there_are_none()
    {
        var large = new PoolRange(new UInt128(0x20010db8_00990000, 0), 128, 1000 * 256, 256);
        foreach (var (pool, count) in new[] { (Pool, 13), (large, 1000) })
        {
            var owned = new List<long>[Shards];
            for (var shard = 0; shard < Shards; shard++)
                owned[shard] = [];
            for (var given = -1; given != 0;)
            {
                var shards = Enumerable.Range(0, Shards * 5).Select(static i => i % Shards);
                var answers = await Task.WhenAll(shards.Select(async s => (Shard: s, Slices: await Store.TakeSlicesAsync(pool, s, atMost: 8, CancellationToken.None))));
                given = answers.Sum(static a => a.Slices.Count);
                foreach (var (shard, slices) in answers)
                    owned[shard].AddRange(slices.Select(static s => s.Number));
            }

            owned.SelectMany(static o => o).Order().ShouldBe(Enumerable.Range(0, count).Select(static n => (long)n));
            for (var shard = 0; shard < Shards; shard++)
                (await Store.LoadSlicesAsync(shard, [pool], CancellationToken.None)).Select(static s => s.Number).ShouldBe(owned[shard].Order());
        }
    }

    [Fact]
    public async Task A_slice_comes_with_the_leases_in_it()
    {
        await AppendAsync(Write(1, 0, new LeaseChange(Pool.KeyOf(3), LeaseState.Active), new LeaseChange(Pool.KeyOf(9), LeaseState.Active)));
        var slice = (await Store.TakeSlicesAsync(Pool, 0, atMost: 1, CancellationToken.None)).ShouldHaveSingleItem();
        slice.Leases.Single().Key.ShouldBe(Pool.KeyOf(3));
    }

    [Fact]
    public async Task Free_units_are_those_that_no_binding_holds()
    {
        var all = Enumerable.Range(0, 100).Select(static u => Pool.KeyOf((uint)u)).ToArray();
        await AppendAsync(Write(1, 0, [.. all.Where(static (_, i) => i is not (0 or 42 or 99)).Select(static k => new LeaseChange(k, LeaseState.Active))]));
        for (var shard = 0; shard < Shards; shard++)
            (await Store.FindFreeUnitsAsync(Pool, shard, 10, CancellationToken.None)).ShouldBe([all[0], all[42], all[99]], ignoreOrder: true);
        (await Store.IsFreeAsync(all[42], CancellationToken.None)).ShouldBeTrue();
        (await Store.IsFreeAsync(all[41], CancellationToken.None)).ShouldBeFalse();
    }

    [Fact]
    public async Task The_server_DUID_is_kept()
    {
        (await Store.GetOrAddServerDuidAsync([1, 2, 3], CancellationToken.None)).ShouldBe([1, 2, 3]);
        await ReopenAsync();
        (await Store.GetOrAddServerDuidAsync([4, 5, 6], CancellationToken.None)).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task What_is_queued_when_the_store_closes_is_told_as_committed_or_failed()
    {
        var writes = Enumerable.Range(0, 500).Select(i => Write(i, 0)).ToList();
        var accepted = writes.Where(Store.TryAppend).ToList();
        await Store.DisposeAsync();
        foreach (var write in accepted)
            (await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(10))).Outcome.ShouldBeOneOf(JournalOutcome.Committed, JournalOutcome.Failed);
        Store.TryAppend(Write(999, 0)).ShouldBeFalse();
        await InitializeAsync();
        foreach (var write in accepted.Where(static w => w.Outcome == JournalOutcome.Committed))
            (await LoadAsync(BitConverter.ToInt32(write.Key.Bytes))).Payload.ShouldNotBeNull();
    }

    protected sealed class Answer : IActorRef
    {
        private readonly TaskCompletionSource<JournalWrite> told = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<JournalWrite> Task => told.Task;

        public string Path => "/test";

        public void Tell(object message, IActorRef? sender = null) => told.SetResult((JournalWrite)message);
    }

    protected sealed class Loaded : IActorRef
    {
        private readonly TaskCompletionSource<BindingLoaded> told = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<BindingLoaded> Task => told.Task;

        public string Path => "/test";

        public void Tell(object message, IActorRef? sender = null) => told.SetResult((BindingLoaded)message);
    }
}
