using Lease.Kernel.TestKit;
using Lease.Storage.Sqlite;

namespace Lease.Storage.Tests;

/// <summary>Files of every released schema open. Their schemas are pinned in <c>schema/</c>.</summary>
public sealed class SchemaTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("lease-schema-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task A_store_of_schema_version_1_opens_with_its_rows()
    {
        Make(version: 1);
        await using var store = SqliteLeaseStore.Open(new SqliteStoreOptions { Directory = directory });
        store.Meta.SchemaVersion.ShouldBe(Schema.Version);
        store.Meta.ShardCount.ShouldBe(2);
        store.RecoveryReport.ShouldStartWith("1 bindings, 1 active leases, 2 shards");
        var grants = await store.ClaimAllAsync("node-1");
        grants.Select(static g => g.LastSequence).ShouldBe([0, 1]);
        await foreach (var binding in store.ReadBindingsAsync(CancellationToken.None))
            (binding.Shard, binding.Sequence, binding.Row.Link).ShouldBe((1, 1, "town"));
    }

    [Fact]
    public void The_schema_of_a_new_store_is_the_pinned_one()
    {
        using var made = NewDatabase("new.db");
        Schema.Migrate(made, "new.db", shardCount: 2);
        Make(version: Schema.Version);
        using var pinned = Database.Open(Path.Combine(directory, "lease.db"), readOnly: true);
        const string text = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name)";
        Flat(made.ScalarText(text)).ShouldBe(Flat(pinned.ScalarText(text)));
    }

    private void Make(int version)
    {
        using var database = NewDatabase("lease.db");
        database.Execute(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "schema", $"version-{version}.sql")));
        database.Execute(
            """
            INSERT INTO meta VALUES ('cluster-id', '00000000-0000-0000-0000-000000000001'), ('shard-count', 2);
            INSERT INTO shard VALUES (0, NULL, 0, 0, 0), (1, NULL, 3, 1, 1000);
            INSERT INTO event VALUES (1, 1, 1, 1000, x'01', x'02');
            INSERT INTO binding (id, binding_key, shard_id, sequence, changed_at, link, remote_id, expires_at, payload) VALUES (1, x'01', 1, 1, 1000, 'town', NULL, 5000, x'03');
            INSERT INTO lease VALUES (x'20010db8000000000000000000000001', 128, 0, 1, 1, 1000);
            """);
        database.Execute($"PRAGMA user_version = {version}");
    }

    private Database NewDatabase(string name)
    {
        var path = Path.Combine(directory, name);
        File.Create(path).Dispose();
        return Database.Open(path, readOnly: false);
    }

    private static string Flat(string? sql) => string.Join(' ', (sql ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
