using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.TestKit;
using Lease.Storage.Postgres;

namespace Lease.Storage.Tests;

/// <summary>The conformance suite on PostgreSQL, and what only a server can suffer.</summary>
public sealed class PostgresLeaseStoreTests(PostgresServer server) : LeaseStoreConformance
{
    private readonly string database = $"t{Guid.NewGuid():n}";
    private readonly long deadline = Environment.TickCount64 + 60_000;
    private Connection? control;

    private string ConnectionString => server.ConnectionTo(database);

    protected override Task<ILeaseStore> OpenAsync()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        if (control is null)
        {
            using (var admin = OpenControl("postgres"))
                admin.Execute($"CREATE DATABASE {database}");
            control = OpenControl(database);
            control.Execute("CREATE TABLE test_clock (ahead bigint NOT NULL)");
            control.Execute("INSERT INTO test_clock VALUES (0)");
        }

        var store = Open();
        control.Execute(
            """
            CREATE OR REPLACE FUNCTION lease_clock() RETURNS bigint LANGUAGE sql VOLATILE
            AS 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + (SELECT ahead FROM test_clock)'
            """);
        return Task.FromResult<ILeaseStore>(store);
    }

    protected override Task CleanAsync()
    {
        if (control is null)
            return Task.CompletedTask;
        control.Dispose();
        using var admin = OpenControl("postgres");
        admin.Execute($"DROP DATABASE {database} WITH (FORCE)");
        return Task.CompletedTask;
    }

    protected override void Advance(TimeSpan by)
    {
        control!.Parameters.Add((long)by.TotalMilliseconds);
        control.Run("UPDATE test_clock SET ahead = ahead + $1");
    }

    protected override long Now() => Scalar("SELECT lease_clock()");

    protected override void Settle()
    {
        var last = Scalar("SELECT max(changed_at) FROM shard");
        SpinWait.SpinUntil(() => Store.SettledThrough >= last, TimeSpan.FromSeconds(20)).ShouldBeTrue();
    }

    [Fact]
    public async Task Of_nodes_that_start_together_one_makes_the_tables()
    {
        await Store.DisposeAsync();
        control!.Execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Open())));
        stores.Select(static s => s.Meta.ClusterId).Distinct().ShouldHaveSingleItem();
        Scalar("SELECT count(*) FROM shard").ShouldBe(Shards);
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task The_clusters_time_goes_on_where_the_servers_clock_was_set_back()
    {
        var incarnation = await Store.JoinAsync("node-1", "", "", CancellationToken.None);
        var before = await Store.BeatAsync("node-1", incarnation, NodeState.Up, 0, CancellationToken.None);
        (before.At - before.Clock).ShouldBeInRange(-100, 100);
        Advance(TimeSpan.FromHours(-1));

        // By the node's monotonic clock a second has passed.
        var after = await Store.BeatAsync("node-1", incarnation, NodeState.Up, before.At + 1000, CancellationToken.None);
        after.At.ShouldBe(before.At + 1000);
        after.Clock.ShouldBeLessThan(before.At - 3_500_000);
        after.Nodes.ShouldHaveSingleItem().Silence.ShouldBe(TimeSpan.Zero);
        var write = await AppendAsync(Write(1, 0));
        write.ChangedAt.ShouldBeGreaterThan(after.At);
        await Store.BeatAsync("node-1", incarnation, NodeState.Up, before.At + 2000, CancellationToken.None);
        Settle();

        // Set right again it is the clock's.
        Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(3));
        var right = await Store.BeatAsync("node-1", incarnation, NodeState.Up, before.At + 2100, CancellationToken.None);
        (right.At - right.Clock).ShouldBeInRange(-100, 100);
    }

    [Fact]
    public void Newer_tables_are_refused()
    {
        control!.Execute("UPDATE meta SET value = '99' WHERE key = 'schema-version'");
        Should.Throw<StoreException>(() => Open()).Message.ShouldContain("schema version 99");
    }

    // As after a failover to a server of somebody else, or to one that was made anew.
    [Theory]
    [InlineData("UPDATE meta SET value = '00000000-0000-0000-0000-000000000000' WHERE key = 'cluster-id'", "holds cluster 00000000")]
    [InlineData("ALTER TABLE meta RENAME TO other", "holds no cluster")]
    public async Task Of_another_cluster_nothing_is_read_and_written(string change, string words)
    {
        var id = Store.Meta.ClusterId;
        var stored = await AppendAsync(Write(1, 0, new LeaseChange(Lease(1), LeaseState.Active)));
        control!.Execute(change);
        foreach (var purpose in (string[])["journal", "loader", "tail"])
            Kill(control, purpose, "");

        // What was lost with the connection comes first.
        (await AppendAsync(Write(2, 0))).Outcome.ShouldNotBe(JournalOutcome.Committed);
        (await AppendAsync(Write(2, 0))).Outcome.ShouldBeOneOf(JournalOutcome.Failed, JournalOutcome.Fenced);
        (await Should.ThrowAsync<StoreException>(() => ClaimAsync())).Message.ShouldContain(words);
        var answer = new LoadAnswer();
        Store.Load(Key(1), answer);
        (await answer.Task.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeOfType<BindingLoadFailed>();
        var named = new PostgresStoreOptions { Connection = ConnectionString, ClusterId = id };
        Should.Throw<StoreException>(() => PostgresLeaseStore.Open(named)).Message.ShouldContain(words);

        control.Execute(change[0] == 'A' ? "ALTER TABLE other RENAME TO meta" : $"UPDATE meta SET value = '{id}' WHERE key = 'cluster-id'");
        await TryClaimAsync();
        (await AppendAsync(Write(1, stored.RowId))).Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public void A_server_that_is_not_there_is_named()
        => Should.Throw<StoreException>(() => PostgresLeaseStore.Open(new PostgresStoreOptions { Connection = "Host=/nowhere;Database=x" })).Message.ShouldContain("/nowhere");

    // As a replica that was not promoted.
    [Fact]
    public void A_server_that_takes_no_writes_is_not_used()
    {
        control!.Execute($"ALTER DATABASE \"{database}\" SET default_transaction_read_only = on");
        var refused = Should.Throw<StoreException>(() => Open());
        refused.IsUnreachable.ShouldBeTrue();
        refused.Message.ShouldContain("none of its hosts takes writes");
    }

    [Fact]
    public void A_statement_that_is_refused_leaves_nothing_to_the_next()
    {
        control!.Parameters.Add(1).Add("two");
        Should.Throw<StoreException>(() => control.Query("SELECT $1, $2 FROM no_such_table")).SqlState.ShouldBe("42P01");
        control.IsBroken.ShouldBeFalse();
        control.Parameters.Add(5);
        using var five = control.Query("SELECT $1::bigint");
        five.Int64(0, 0).ShouldBe(5);
    }

    [Fact]
    public async Task A_shard_that_another_node_took_is_fenced_and_the_other_shards_of_the_batch_are_stored()
    {
        var writes = Enumerable.Range(0, 40).Select(i => Write(i, 0, new LeaseChange(Lease(i), LeaseState.Active))).ToList();
        control!.Execute("UPDATE shard SET owner = 'node-2', epoch = epoch + 1 WHERE shard_id = 2");
        foreach (var write in writes)
            Store.TryAppend(write).ShouldBeTrue();
        foreach (var write in writes)
        {
            await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20));
            write.Outcome.ShouldBe(write.Shard == 2 ? JournalOutcome.Fenced : JournalOutcome.Committed);
        }

        (await LeasesAsync()).Select(static l => l.Key).ShouldBe(writes.Where(static w => w.Shard != 2).Select(static w => w.Leases.Span[0].Key));
        Scalar("SELECT count(*) FROM shard s WHERE last_sequence <> (SELECT count(*) FROM event e WHERE e.shard_id = s.shard_id)").ShouldBe(0);
    }

    [Fact]
    public async Task What_two_writes_do_to_one_lease_has_the_order_of_the_writes()
    {
        var first = await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active)));
        var free = Write(1, first.RowId, new LeaseChange(Lease(7), LeaseState.Free));
        var claim = Write(2, 0, new LeaseChange(Lease(7), LeaseState.Active));
        Store.TryAppend(free).ShouldBeTrue();
        Store.TryAppend(claim).ShouldBeTrue();
        (await ((Answer)claim.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20))).Outcome.ShouldBe(JournalOutcome.Committed);
        free.Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public async Task A_commit_whose_outcome_is_unknown_is_told_as_fenced_and_its_shard_is_served_again_after_a_claim()
    {
        control!.Execute("BEGIN; SELECT 1 FROM shard FOR UPDATE");
        var write = Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active));
        Store.TryAppend(write).ShouldBeTrue();
        using (var killer = OpenControl(database))
            SpinWait.SpinUntil(() => Kill(killer, "journal", "AND wait_event_type = 'Lock'"), TimeSpan.FromSeconds(20)).ShouldBeTrue();
        (await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20))).Outcome.ShouldBe(JournalOutcome.Fenced);
        control.Execute("ROLLBACK");
        (await AppendAsync(Write(1, 0))).Outcome.ShouldBe(JournalOutcome.Fenced, "not before the claim");
        await ClaimAsync();
        (await AppendAsync(Write(1, (await LoadAsync(1)).RowId))).Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public async Task Connections_that_were_lost_are_made_anew()
    {
        await AppendAsync(Write(1, 0));
        await LoadAsync(1);
        Found(new BindingSelection.Every()).ShouldBe([1]);
        using (var killer = OpenControl(database))
        {
            foreach (var purpose in new[] { "journal", "loader", "queries", "tail" })
                Kill(killer, purpose, "").ShouldBeTrue(purpose);
        }

        Found(new BindingSelection.Every()).ShouldBe([1]);
        var loaded = new LoadAnswer();
        Store.Load(Key(1), loaded);
        await loaded.Task.WaitAsync(TimeSpan.FromSeconds(20));
        (await LoadAsync(1)).Payload.ShouldNotBeNull();
        await TryClaimAsync();
        (await AppendAsync(Write(2, 0))).Outcome.ShouldBe(JournalOutcome.Committed);
        Replayed(new EventPosition(0, -1, 0), 10).ShouldBe([1, 2]);
    }

    // As when a node goes away without a word in the middle of a transaction: the server does not hear of it for hours.
    [Fact]
    public void What_a_transaction_has_locked_is_free_soon_after_its_node_has_gone_silent()
    {
        using var silent = OpenControl(database);
        silent.Begin();
        silent.Run("SELECT pg_advisory_xact_lock(1)");
        control!.Begin();
        control.Run("SELECT pg_advisory_xact_lock(1)");
        control.Commit();
        Should.Throw<StoreException>(() => silent.Run("SELECT 1")).IsUnreachable.ShouldBeTrue();
    }

    [Fact]
    public async Task Slices_that_could_not_be_taken_can_be_when_the_server_is_there_again()
    {
        await AppendAsync(Write(1, 0));
        using var other = OpenControl("postgres");
        other.Execute($"ALTER DATABASE \"{database}\" ALLOW_CONNECTIONS false");
        Kill(control!, "journal", "").ShouldBeTrue();

        // The first finds out, the second cannot connect.
        await Should.ThrowAsync<StoreException>(() => Store.TakeSlicesAsync(Pool, 0, atMost: 1, CancellationToken.None));
        await Should.ThrowAsync<StoreException>(() => Store.TakeSlicesAsync(Pool, 0, atMost: 1, CancellationToken.None));
        other.Execute($"ALTER DATABASE \"{database}\" ALLOW_CONNECTIONS true");
        (await Store.TakeSlicesAsync(Pool, 0, atMost: 1, CancellationToken.None)).ShouldHaveSingleItem().Number.ShouldBe(0);
    }

    [Fact]
    public async Task The_server_may_refuse_a_batch_and_service_goes_on()
    {
        control!.Execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$");
        control.Execute("CREATE TRIGGER full_disk BEFORE INSERT ON event EXECUTE FUNCTION refuse()");
        (await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active)))).Outcome.ShouldBe(JournalOutcome.Failed);
        control.Execute("DROP TRIGGER full_disk ON event");
        (await LeasesAsync()).ShouldBeEmpty();
        var write = await AppendAsync(Write(1, 0, new LeaseChange(Lease(7), LeaseState.Active)));
        (write.Outcome, write.Sequence).ShouldBe((JournalOutcome.Committed, 1));
    }

    [Fact]
    public async Task A_full_disk_fails_writes_and_service_goes_on_when_there_is_room()
    {
        await using var disk = await SmallDisk.MountAsync("postgres");
        control!.Execute($"CREATE TABLESPACE small{database} LOCATION '{disk.Path}'; ");
        control.Execute($"ALTER TABLE event SET TABLESPACE small{database}");
        var stored = new List<int>();
        for (var i = 0; i < 50; i++)
            await WriteAsync(i, stored);
        stored.Count.ShouldBe(50);
        var ballast = Path.Combine(disk.Path, "ballast");
        SmallDisk.Fill(ballast);
        for (var i = 50; i < 400; i++)
            await WriteAsync(i, stored);
        stored.Count.ShouldBeLessThan(400);
        File.Delete(ballast);
        for (var i = 400; i < 450; i++)
            await WriteAsync(i, stored);
        stored.Count(static i => i >= 400).ShouldBe(50);
        foreach (var key in stored)
            (await LoadAsync(key)).Payload.ShouldBe(BitConverter.GetBytes(key));
        (await LeasesAsync()).Count.ShouldBe(stored.Count);
        Scalar("SELECT count(*) FROM shard s WHERE last_sequence <> (SELECT count(*) FROM event e WHERE e.shard_id = s.shard_id)").ShouldBe(0);
        control.Execute("ALTER TABLE event SET TABLESPACE pg_default");
        control.Execute($"DROP TABLESPACE small{database}");
    }

    [Fact]
    public async Task Every_node_publishes_the_events_of_all_in_one_order_without_holes()
    {
        var takers = new[] { new Taker(), new Taker() };
        var nodes = takers.Select(t => Open(o => o with { Committed = t.Events, MaxBatch = 8 })).ToArray();
        var seen = (await Store.BeatAsync("node-1", 0, NodeState.Up, 0, CancellationToken.None)).Shards;
        await Store.ReleaseAllAsync("node-1");
        var epochs = new Dictionary<int, (int Node, long Epoch)>();
        for (var node = 0; node < 2; node++)
        {
            await nodes[node].JoinAsync($"n{node}", "", "", CancellationToken.None);
            var mine = seen.Where(s => s.Shard % 2 == node).Select(static s => new ShardOwnership(s.Shard, null, s.Epoch + 1)).ToArray();
            foreach (var grant in await nodes[node].ClaimAsync($"n{node}", mine, CancellationToken.None))
                epochs[grant.Shard] = (node, grant.Epoch);
        }

        epochs.Count.ShouldBe(Shards);
        const int count = 3000;
        var writes = new List<JournalWrite>();
        for (var i = 0; i < count; i++)
        {
            var (node, epoch) = epochs[Key(i).ShardOf(Shards)];
            Epochs[Key(i).ShardOf(Shards)] = epoch;
            var write = Write(i, 0);
            writes.Add(write);
            nodes[node].TryAppend(write).ShouldBeTrue();
        }

        foreach (var write in writes)
            (await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20))).Outcome.ShouldBe(JournalOutcome.Committed);
        foreach (var taker in takers)
            SpinWait.SpinUntil(() => taker.Count >= count, TimeSpan.FromSeconds(20)).ShouldBeTrue($"{taker.Count}");
        var order = takers[0].Taken;
        order.Count.ShouldBe(count);
        order.ShouldBe(order.OrderBy(static e => e.At).ThenBy(static e => e.Shard).ThenBy(static e => e.Sequence));
        takers[1].Taken.ShouldBe(order);
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    [Fact]
    public async Task Of_overlapping_claims_of_two_nodes_at_once_one_is_stored()
    {
        const int rounds = 150;
        await using var other = Open();
        var seen = (await Store.BeatAsync("node-1", 0, NodeState.Up, 0, CancellationToken.None)).Shards;
        await Store.ReleaseAllAsync("node-1");
        for (var node = 0; node < 2; node++)
        {
            var store = node == 0 ? Store : other;
            await store.JoinAsync($"n{node}", "", "", CancellationToken.None);
            foreach (var grant in await store.ClaimAsync($"n{node}",
                [.. seen.Where(s => s.Shard % 2 == node).Select(static s => new ShardOwnership(s.Shard, null, s.Epoch + 1))],
                CancellationToken.None))
                Epochs[grant.Shard] = grant.Epoch;
        }

        // Mostly in places where nothing was claimed before, and each time of the lengths that the other node claims next door.
        var numbers = Enumerable.Range(0, 100_000).ToLookup(static n => Key(n).ShardOf(Shards) % 2);
        var mine = numbers[0].GetEnumerator();
        var others = numbers[1].GetEnumerator();
        for (var round = 0u; round < rounds; round++)
        {
            var first = 0x2001_0db8_0000_0000 + ((ulong)(round / 3) << (round % 2 == 0 ? 8 : 30));
            mine.MoveNext();
            others.MoveNext();
            var (length, otherLength) = round % 3 == 0 ? (56, 60) : round % 3 == 1 ? (60, 48) : (64, 128);
            var writes = new[]
            {
                Write(mine.Current, 0, new LeaseChange(Prefix(first + ((ulong)(round % 3) << 60), length), LeaseState.Active, IsNew: true)),
                Write(others.Current, 0, new LeaseChange(Prefix(first + ((ulong)(round % 3) << 60), otherLength), LeaseState.Active,
                    IsNew: true)),
            };
            await Task.WhenAll(Task.Run(() => Store.TryAppend(writes[0])), Task.Run(() => other.TryAppend(writes[1])));
            foreach (var write in writes)
                await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20));
            writes.Count(static w => w.Outcome == JournalOutcome.Failed).ShouldBe(0);
        }

        var leases = (await LeasesAsync()).Select(static l => l.Key).ToList();
        leases.Count.ShouldBeGreaterThan(rounds / 3);
        leases.Where((lease, i) => i > 0 && lease.Overlaps(leases[i - 1])).Select(static l => $"{l.Address:x32}/{l.Length}")
            .ShouldBeEmpty();
        Scalar("SELECT count(*) FROM lease_zone a JOIN lease_zone b ON a.first < b.first AND a.last >= b.first").ShouldBe(0);
    }

    // Schema version 5 looked at equal leases only.
    [Fact]
    public async Task Leases_that_were_there_before_are_in_the_way_of_others_too()
    {
        await Store.DisposeAsync();
        control!.Execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL)");
        for (var version = 1; version <= 5; version++)
        {
            using var migration = new StreamReader(typeof(Schema).Assembly.GetManifestResourceStream($"000{version}.sql")!);
            control.Execute(await migration.ReadToEndAsync());
        }

        control.Execute(
            """
            CREATE TABLE test_clock (ahead bigint NOT NULL);
            INSERT INTO test_clock VALUES (0);
            INSERT INTO meta VALUES ('schema-version', '5'), ('cluster-id', gen_random_uuid()::text), ('shard-count', '4'),
                ('pruned-through', '0'), ('pruned-count', '0');
            INSERT INTO shard SELECT s, 'node-1', 1, 0, 0 FROM generate_series(0, 3) s;
            INSERT INTO lease SELECT decode('20010db80000' || lpad(to_hex(n * 256), 4, '0') || '0000000000000000', 'hex'), 56, 0, n + 100,
                1, 0 FROM generate_series(0, 9) n;
            INSERT INTO lease VALUES ('\x20010db8000001100000000000000000', 60, 0, 99, 1, 0),
                ('\x20010db9000000000000000000000000', 32, 0, 98, 1, 0)
            """);
        await InitializeAsync();
        Epochs.ShouldAllBe(static e => e > 2, "what was in flight is fenced");
        foreach (var key in new[] { Prefix(0x2001_0db8_0000_0010, 60), Prefix(0x2001_0db8_0000_0000, 48), Prefix(0x2001_0db8_0000_0900, 64),
            Prefix(0x2001_0db9_0000_0000, 56), Prefix(0x2001_0db8_0000_0000, 31) })
            (await AppendAsync(Write(1, 0, new LeaseChange(key, LeaseState.Active,
                IsNew: true)))).Outcome.ShouldBe(JournalOutcome.LeaseConflict, $"{key}");
        (await AppendAsync(Write(1, 0, new LeaseChange(Prefix(0x2001_0db8_0000_0a00, 56), LeaseState.Active,
            IsNew: true)))).Outcome.ShouldBe(JournalOutcome.Committed);
    }

    // The addresses of a length that has ended are as cheap to claim in as others.
    [Fact]
    public async Task A_zone_of_several_lengths_is_made_again_when_it_is_old()
    {
        var old = await AppendAsync(Write(1, 0, Claim(Prefix(0x2001_0db8_0000_0000, 56)), Claim(Prefix(0x2001_0db8_0000_0010, 60))));
        await AppendAsync(Write(1, old.RowId, new LeaseChange(Prefix(0x2001_0db8_0000_0000, 56), LeaseState.Free),
            new LeaseChange(Prefix(0x2001_0db8_0000_0010, 60), LeaseState.Free)));
        await AppendAsync(Write(2, 0, Claim(Prefix(0x2001_0db8_0000_0020, 60))));
        Scalar("SELECT count(*) FROM lease_zone WHERE lengths = '{56,60}'").ShouldBe(1);
        Advance(TimeSpan.FromMinutes(11));
        (await AppendAsync(Write(3, 0, Claim(Prefix(0x2001_0db8_0000_0030, 60))))).Outcome.ShouldBe(JournalOutcome.Committed);
        Scalar("SELECT count(*) FROM lease_zone WHERE only_length IS NULL").ShouldBe(0);
    }

    [Fact]
    public async Task A_client_that_has_no_row_costs_no_read_and_every_other_is_read()
    {
        // More than are gone over at once, before those that are looked for.
        control!.Execute("ALTER SEQUENCE binding_id RESTART WITH 10000");
        control.Execute(
            """
            INSERT INTO binding (id, binding_key, shard_id, sequence, changed_at, link, expires_at, payload)
            SELECT n, decode(md5(n::text), 'hex'), n % 4, 0, 0, 'town', 0, '' FROM generate_series(1, 9000) n
            """);
        for (var i = 0; i < 100; i++)
            await AppendAsync(Write(i, 0));
        await ReopenAsync();
        for (var i = 100; i < 200; i++)
            await AppendAsync(Write(i, 0));
        await KnowAsync();
        for (var i = 200; i < 300; i++)
            await AppendAsync(Write(i, 0));
        for (var i = 0; i < 300; i++)
            (await LoadAsync(i)).Payload.ShouldBe(BitConverter.GetBytes(i));
    }

    [Fact]
    public async Task What_another_node_wrote_while_it_had_the_shards_is_known()
    {
        const string taken = "UPDATE shard SET owner = NULL, epoch = epoch + 1";
        await KnowAsync();
        await using (var other = Open())
        {
            control!.Execute(taken);
            foreach (var grant in await other.ClaimAllAsync("node-2"))
                Epochs[grant.Shard] = grant.Epoch;
            for (var i = 0; i < 50; i++)
            {
                var write = Write(i, 0);
                other.TryAppend(write).ShouldBeTrue();
                (await ((Answer)write.ReplyTo).Task.WaitAsync(TimeSpan.FromSeconds(20))).Outcome.ShouldBe(JournalOutcome.Committed);
            }
        }

        control.Execute(taken);
        await ClaimAsync();
        (await LoadAsync(7)).Payload.ShouldNotBeNull();
        await KnowAsync();
        for (var i = 0; i < 50; i++)
            (await LoadAsync(i)).Payload.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_rehearsal_leaves_nothing_behind()
    {
        await AppendAsync(Write(1, 0));
        StatementRehearsal.Run(control!);
        await using (Open(static o => o with { Rehearses = true }))
            Scalar("SELECT (SELECT count(*) FROM binding) + (SELECT count(*) FROM lease) + (SELECT count(*) FROM event)").ShouldBe(2);
        Scalar("SELECT count(*) FROM shard").ShouldBe(Shards);
        Scalar("SELECT count(*) FROM pg_class WHERE relpersistence = 't'").ShouldBe(0);
        (await LoadAsync(1)).Payload.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_user_who_may_not_make_temporary_tables_is_served_without_a_rehearsal()
    {
        var user = $"u{database}";
        control!.Execute($"CREATE USER {user}");
        control.Execute($"GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}");
        control.Execute($"GRANT CREATE ON SCHEMA public TO {user}");
        control.Execute($"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC");
        var connection = ConnectionString.Replace("Username=postgres", $"Username={user}", StringComparison.Ordinal);
        using (var limited = OpenTo(connection))
            Should.Throw<StoreException>(() => StatementRehearsal.Run(limited)).Message.ShouldContain("permission denied");
        await using (Open(o => o with { Rehearses = true, Connection = connection }))
            await AppendAsync(Write(1, 0));
        control.Execute($"DROP OWNED BY {user}");
        control.Execute($"DROP USER {user}");
    }

    [Fact]
    public async Task Old_events_are_pruned_and_who_asks_for_them_is_told()
    {
        for (var i = 0; i < 20; i++)
            await AppendAsync(Write(i, 0));
        var first = Scalar("SELECT min(at) FROM event");
        Settle();
        Store.FindStart(first).ShouldNotBeNull();
        await using (Open(static o => o with { EventMaxCount = 5 }))
            SpinWait.SpinUntil(() => Scalar("SELECT count(*) FROM event") <= 5, TimeSpan.FromSeconds(20)).ShouldBeTrue();
        Scalar("SELECT count(*) FROM event").ShouldBeGreaterThan(0);
        Store.FindStart(first).ShouldBeNull();
        var rows = default(NoRows);
        Store.Replay(new EventPosition(first, -1, 0), 100, ref rows).Lost.ShouldBeTrue();
    }

    private PostgresLeaseStore Open(Func<PostgresStoreOptions, PostgresStoreOptions>? change = null)
    {
        var options = new PostgresStoreOptions { Connection = ConnectionString, ShardCount = Shards, Patience = TimeSpan.FromSeconds(20) };
        return PostgresLeaseStore.Open(change is null ? options : change(options));
    }

    // Returns when of every shard it is known which clients have rows.
    private async Task KnowAsync()
    {
        for (var shard = 0; shard < Shards; shard++)
        {
            var before = Store.Counters.SparedLoads;
            for (var key = 1_000_000; Store.Counters.SparedLoads == before; key++)
            {
                (Environment.TickCount64 < deadline).ShouldBeTrue();
                if (Key(key).ShardOf(Shards) == shard)
                    (await LoadAsync(key)).Payload.ShouldBeNull();
            }
        }
    }

    private async Task WriteAsync(int number, List<int> stored)
    {
        var write = await AppendAsync(Write(number, 0, new LeaseChange(Lease(number), LeaseState.Active)));
        if (write.Outcome == JournalOutcome.Committed)
            stored.Add(number);
        else
            write.Outcome.ShouldBe(JournalOutcome.Failed);
    }

    // The first try may find the lost connection.
    private async Task TryClaimAsync()
    {
        try
        {
            await ClaimAsync();
        }
        catch (StoreException)
        {
            await ClaimAsync();
        }
    }

    private Connection OpenControl(string name) => OpenTo(server.ConnectionTo(name));

    private static Connection OpenTo(string connection)
        => Connection.Open(new PostgresStoreOptions { Connection = connection, Patience = TimeSpan.FromSeconds(20) }, "test");

    private static bool Kill(Connection killer, string purpose, string condition)
    {
        killer.Parameters.Add($"lease {purpose}");
        using var killed = killer.Query(
            $"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database() {condition}");
        return killed.Rows > 0;
    }

    private long Scalar(string sql)
    {
        using var result = control!.Query(sql);
        return result.Int64(0, 0);
    }

    private sealed class Taker
    {
        private readonly List<(long At, int Shard, long Sequence)> taken = [];

        public Taker()
        {
            Events = new CommittedEvents(Take);
            Events.Follow();
        }

        public CommittedEvents Events { get; }

        public int Count
        {
            get
            {
                lock (taken)
                    return taken.Count;
            }
        }

        public List<(long At, int Shard, long Sequence)> Taken
        {
            get
            {
                lock (taken)
                    return [.. taken];
            }
        }

        private void Take(JournalCommitted committed)
        {
            lock (taken)
                taken.AddRange(committed.Writes.Select(static w => (w.ChangedAt, w.Shard, w.Sequence)));
        }
    }

    private sealed class LoadAnswer : IActorRef
    {
        private readonly TaskCompletionSource<object> told = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<object> Task => told.Task;

        public string Path => "/load";

        public void Tell(object message, IActorRef? sender = null) => told.TrySetResult(message);
    }

    private struct NoRows : IBindingVisitor
    {
        public readonly bool Visit(in BindingRecord record) => true;
    }
}
