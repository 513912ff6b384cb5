using Lease.Kernel.Persistence;
using Lease.Kernel.TestKit;
using Lease.Storage.Sqlite;

namespace Lease.Storage.Tests;

/// <summary>The conformance suite on SQLite, and what only a file can suffer.</summary>
public sealed class SqliteLeaseStoreTests : LeaseStoreConformance
{
    private readonly string directory = Directory.CreateTempSubdirectory("lease-store-").FullName;

    private string File => Path.Combine(directory, "lease.db");

    protected override Task<ILeaseStore> OpenAsync() => Task.FromResult<ILeaseStore>(Open());

    protected override Task CleanAsync()
    {
        Directory.Delete(directory, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public void A_second_process_is_kept_out_and_told_who_holds_the_store()
        => Should.Throw<StoreException>(() => Open()).Message.ShouldContain($"held by process {Environment.ProcessId}");

    [Fact]
    public async Task A_newer_schema_is_refused()
    {
        await Store.DisposeAsync();
        await PatchAsync(offset: 60, [0, 0, 0, 99]);
        Should.Throw<StoreException>(() => Open()).Message.ShouldContain("schema version 99");
        await PatchAsync(offset: 60, [0, 0, 0, (byte)Schema.Version]);
        await InitializeAsync();
    }

    [Fact]
    public async Task A_damaged_file_is_named()
    {
        await Store.DisposeAsync();
        var content = await System.IO.File.ReadAllBytesAsync(File);
        await PatchAsync(offset: 0, "not a database"u8.ToArray());
        Should.Throw<StoreException>(() => Open()).Message.ShouldContain("is damaged");
        await System.IO.File.WriteAllBytesAsync(File, content);
        await InitializeAsync();
    }

    [Fact]
    public async Task The_number_of_shards_stays_as_the_store_was_made()
    {
        await Store.DisposeAsync();
        await using (var other = Open(o => o with { ShardCount = 99 }))
            other.Meta.ShardCount.ShouldBe(Shards);
        await InitializeAsync();
    }

    [Fact]
    public async Task A_full_store_fails_writes_loses_nothing_and_goes_on_when_there_is_room()
    {
        var acknowledged = new List<int>();
        await Store.DisposeAsync();
        await using (var small = Open(static o => o with { MaxPages = 60 }))
        {
            await ClaimAsync(small);
            var failed = 0;
            for (var i = 0; i < 2000 && failed < 5; i++)
            {
                var write = Write(i, 0, new LeaseChange(Lease(i), LeaseState.Active));
                small.TryAppend(write).ShouldBeTrue();
                if ((await ((Answer)write.ReplyTo).Task).Outcome == JournalOutcome.Committed)
                    acknowledged.Add(i);
                else
                    failed++;
            }

            failed.ShouldBe(5);
            acknowledged.Count.ShouldBeGreaterThan(10);
        }

        await InitializeAsync();
        foreach (var key in acknowledged)
            (await LoadAsync(key)).Payload.ShouldBe(BitConverter.GetBytes(key));
        (await LeasesAsync()).Count.ShouldBe(acknowledged.Count);
        (await AppendAsync(Write(5000, 0, new LeaseChange(Lease(5000), LeaseState.Active)))).Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public async Task A_shard_that_another_node_took_is_fenced_and_the_other_shards_of_the_batch_are_stored()
    {
        var writes = Enumerable.Range(0, 40).Select(i => Write(i, 0, new LeaseChange(Lease(i), LeaseState.Active))).ToList();
        using (var rival = Database.Open(File, readOnly: false))
            rival.Execute("UPDATE shard SET owner = 'node-2', epoch = epoch + 1 WHERE shard_id = 2");
        foreach (var write in writes)
            Store.TryAppend(write).ShouldBeTrue();
        foreach (var write in writes)
        {
            await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20));
            write.Outcome.ShouldBe(write.Shard == 2 ? JournalOutcome.Fenced : JournalOutcome.Committed);
        }

        (await LeasesAsync()).Select(static l => l.Key).ShouldBe(writes.Where(static w => w.Shard != 2).Select(static w => w.Leases.Span[0].Key));
        using var database = Database.Open(File, readOnly: true);
        database.Scalar("SELECT count(*) FROM event WHERE shard_id = 2").ShouldBe(0);
        database.Scalar("SELECT count(*) FROM shard s WHERE last_sequence <> (SELECT count(*) FROM event e WHERE e.shard_id = s.shard_id)").ShouldBe(0);
    }

    [Fact]
    public async Task A_write_that_fails_with_its_batch_leaves_its_key_free_for_a_later_one()
    {
        using (var rival = Database.Open(File, readOnly: false))
            rival.Execute("CREATE TRIGGER full BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'no room'); END");
        (await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active)))).Outcome.ShouldBe(JournalOutcome.Failed);
        using (var rival = Database.Open(File, readOnly: false))
            rival.Execute("DROP TRIGGER full");
        (await LoadAsync(1)).RowId.ShouldBe(0);
        (await LeasesAsync()).ShouldBeEmpty();
        var write = await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active)));
        (write.Outcome, write.Sequence).ShouldBe((JournalOutcome.Committed, 1));
        (await LoadAsync(1)).RowId.ShouldBe(write.RowId);
    }

    [Fact]
    public async Task A_store_that_is_closed_leaves_no_log_and_the_next_start_says_so()
    {
        await AppendAsync(Write(1, 0));
        await LoadAsync(1);
        Found(new BindingSelection.Every()).ShouldBe([1]);
        Replayed(Store.FindStart(0) ?? Store.End, 10).Count.ShouldBeLessThan(2);
        await Store.DisposeAsync();
        System.IO.File.Exists(File + "-wal").ShouldBeFalse();
        await InitializeAsync();
        Store.RecoveryReport.ShouldEndWith("closed cleanly");
    }

    [Fact]
    public async Task The_log_stays_bounded_under_continuous_writes()
    {
        const long mebibyte = 1 << 20;
        await Store.DisposeAsync();
        await using (var store = Open(static o => o with { CheckpointAt = mebibyte, MaxBatch = 16 }))
        {
            await ClaimAsync(store);
            for (var i = 0; i < 20_000; i++)
            {
                var write = Write(i, 0, new LeaseChange(Lease(i), LeaseState.Active));
                store.TryAppend(write).ShouldBeTrue();
                if (i % 64 == 0)
                    await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20));
            }

            new FileInfo(File + "-wal").Length.ShouldBeLessThan(32 * mebibyte);
        }

        await InitializeAsync();
    }

    [Fact]
    public async Task A_full_disk_fails_writes_and_service_goes_on_when_there_is_room()
    {
        await using var disk = await SmallDisk.MountAsync();
        await using var store = Open(o => o with { Directory = disk.Path });
        await ClaimAsync(store);
        var ballast = Path.Combine(disk.Path, "ballast");
        var acknowledged = await WriteAsync(store, 0, 100);
        acknowledged.Count.ShouldBe(100);
        SmallDisk.Fill(ballast);
        var whenFull = await WriteAsync(store, 1000, 300);
        whenFull.Count.ShouldBeLessThan(300);
        System.IO.File.Delete(ballast);
        (await WriteAsync(store, 10_000, 100)).Count.ShouldBe(100);
        foreach (var key in acknowledged.Concat(whenFull))
        {
            var answer = new Loaded();
            store.Load(Key(key), answer);
            (await answer.Task).Payload.ShouldBe(BitConverter.GetBytes(key));
        }
    }

    [Fact]
    public async Task Old_events_are_pruned_by_count()
    {
        await Store.DisposeAsync();
        await using (var store = Open(static o => o with { EventMaxCount = 100 }))
        {
            await ClaimAsync(store);
            for (var i = 0; i < 4000; i++)
            {
                var write = Write(i, 0);
                store.TryAppend(write).ShouldBeTrue();
                if (i % 50 == 0)
                    await ((Answer)write.ReplyTo).Task;
            }
        }

        using var database = Database.Open(File, readOnly: true);
        database.Scalar("SELECT count(*) FROM event").ShouldBeInRange(100, 3000);
        database.Dispose();
        await InitializeAsync();
    }

    [Theory]
    [InlineData(LeaseState.Free, 0)]
    [InlineData(LeaseState.Active, 1)]
    [InlineData(LeaseState.Declined, 2)]
    public void Stored_numbers_never_change(LeaseState state, int number) => ((int)state).ShouldBe(number);

    private SqliteLeaseStore Open(Func<SqliteStoreOptions, SqliteStoreOptions>? change = null)
    {
        var options = new SqliteStoreOptions { Directory = directory, ShardCount = Shards, TimeProvider = Time };
        return SqliteLeaseStore.Open(change is null ? options : change(options));
    }

    private async Task ClaimAsync(SqliteLeaseStore store)
    {
        foreach (var grant in await store.ClaimAllAsync("node-1"))
            Epochs[grant.Shard] = grant.Epoch;
    }

    private async Task<List<int>> WriteAsync(SqliteLeaseStore store, int first, int count)
    {
        var acknowledged = new List<int>();
        for (var i = first; i < first + count; i++)
        {
            var write = Write(i, 0, new LeaseChange(Lease(i), LeaseState.Active));
            store.TryAppend(write).ShouldBeTrue();
            if ((await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20))).Outcome == JournalOutcome.Committed)
                acknowledged.Add(i);
        }

        return acknowledged;
    }

    private async Task PatchAsync(long offset, byte[] octets)
    {
        await using var file = System.IO.File.OpenWrite(File);
        file.Position = offset;
        await file.WriteAsync(octets);
    }
}
