using Lease.Kernel.Persistence;
using Lease.Storage.Sqlite;

namespace Lease.Storage.Tests;

/// <summary>
/// A database that is lost or damaged, between two starts and while it is served: it is never replaced by an empty one, and nothing is
/// acknowledged into a file that nobody will find.
/// </summary>
public sealed class LostStoreTests : IAsyncDisposable
{
    private const int StoreLost = 2011;
    private const int LogMissing = 2012;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStoreKit kit = new();

    public ValueTask DisposeAsync() => kit.DisposeAsync();

    [Theory]
    [InlineData("deleted", "is missing")]
    [InlineData("emptied", "is empty")]
    [InlineData("cut", "is damaged")]
    [InlineData("cut in the middle", "is damaged")]
    [InlineData("without tables", "holds no tables")]
    [InlineData("overwritten in the middle", "is damaged")]
    public async Task A_lost_database_is_an_error_at_the_start_and_stays_as_it_is(string loss, string words)
    {
        await MakeAsync(300);
        Lose(loss);
        var left = Exists() ? await File.ReadAllBytesAsync(kit.Database) : null;
        var error = await Should.ThrowAsync<StoreException>(() => kit.OpenAsync());
        error.Message.ShouldContain(words);
        error.Message.ShouldContain("--new-store");
        (Exists() ? await File.ReadAllBytesAsync(kit.Database) : null).ShouldBe(left);
        await Should.ThrowAsync<StoreException>(() => kit.OpenAsync());
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("cut in the middle")]
    public async Task A_new_store_is_begun_on_purpose_and_the_old_files_stay(string loss)
    {
        await MakeAsync(300);
        var before = kit.Store.Meta.ClusterId;
        Lose(loss);
        await kit.OpenAsync(static o => o with { BeginsNew = true });
        kit.Store.Meta.ClusterId.ShouldNotBe(before);
        Directory.GetFiles(kit.Folder, "lost-*-lease.id").ShouldHaveSingleItem();
        Directory.GetFiles(kit.Folder, "lost-*-lease.db").Length.ShouldBe(loss == "deleted" ? 0 : 1);
        (await kit.WriteAsync(1)).Outcome.ShouldBe(JournalOutcome.Committed);
        await kit.CloseAsync();
        await kit.OpenAsync();
        (await kit.LoadAsync(1))!.Payload.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_sound_store_is_not_replaced_by_a_new_one()
    {
        await MakeAsync(3);
        var error = await Should.ThrowAsync<StoreException>(() => kit.OpenAsync(static o => o with { BeginsNew = true }));
        error.Message.ShouldContain("3 bindings");
        await kit.OpenAsync();
        (await kit.LoadAsync(1))!.Payload.ShouldNotBeNull();
    }

    [Fact]
    public async Task Where_no_store_was_made_a_new_one_is_begun_with_the_option_or_without()
    {
        await kit.OpenAsync(static o => o with { BeginsNew = true });
        (await kit.WriteAsync(1)).Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public async Task A_store_of_a_version_before_gets_its_mark()
    {
        await MakeAsync(1);
        File.Delete(kit.Mark);
        await kit.OpenAsync();
        await kit.CloseAsync();
        File.Delete(kit.Database);
        (await Should.ThrowAsync<StoreException>(() => kit.OpenAsync())).Message.ShouldContain("is missing");
    }

    [Fact]
    public async Task A_store_that_has_written_nothing_since_it_was_opened_is_not_lost()
    {
        await MakeAsync(2);
        await using var store = SqliteLeaseStore.Open(new SqliteStoreOptions { Directory = kit.Folder });
        (await store.IsFreeAsync(new LeaseKey(1, 128), CancellationToken.None)).ShouldBeFalse();
        store.Lost.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task A_log_without_its_database_is_not_thrown_away()
    {
        await File.WriteAllBytesAsync(kit.Database + "-wal", new byte[5000]);
        (await Should.ThrowAsync<StoreException>(() => kit.OpenAsync())).Message.ShouldContain("holds a part of it");
        File.Exists(kit.Database + "-wal").ShouldBeTrue();
    }

    [Fact]
    public async Task Another_store_in_its_place_is_not_taken_for_it()
    {
        await MakeAsync(1);
        await using var other = new FileStoreKit();
        await other.OpenAsync();
        await other.CloseAsync();
        File.Copy(other.Database, kit.Database, overwrite: true);
        (await Should.ThrowAsync<StoreException>(() => kit.OpenAsync())).Message.ShouldContain("is another store");

        // How a backup is put there.
        File.Delete(kit.Mark);
        await kit.OpenAsync();
    }

    [Fact]
    public async Task A_log_that_was_lost_between_two_starts_is_spoken_of()
    {
        await MakeAsync(10);
        await kit.OpenAsync();
        await kit.WriteAsync(100);
        foreach (var name in (string[])["lease.db", "lease.id"])
            File.Copy(Path.Combine(kit.Folder, name), Path.Combine(kit.Folder, name + ".killed"));
        await kit.CloseAsync();
        foreach (var name in (string[])["lease.db", "lease.id"])
            File.Move(Path.Combine(kit.Folder, name + ".killed"), Path.Combine(kit.Folder, name), overwrite: true);
        await kit.OpenAsync();
        kit.Log(LogMissing).ShouldHaveSingleItem();
        kit.Store.RecoveryReport.ShouldContain("not closed cleanly");
    }

    [Theory]
    [InlineData("", "delete", "was deleted or moved")]
    [InlineData("", "replace", "was replaced by another file")]
    [InlineData("", "empty", "was cut from")]
    [InlineData("-wal", "delete", "was deleted or moved")]
    [InlineData("-wal", "replace", "was replaced by another file")]
    [InlineData("-wal", "empty", "was cut from")]
    [InlineData("-wal", "empty and fill", "was emptied by another program")]
    [InlineData("-shm", "delete", "was deleted or moved")]
    public async Task A_file_that_is_lost_ends_service_before_more_is_acknowledged(string file, string loss, string words)
    {
        await kit.OpenAsync();
        await kit.WriteManyAsync(20);
        kit.Store.Lost.IsCompleted.ShouldBeFalse();
        Lose(kit.Database + file, loss);
        (await kit.WriteAsync(1000)).Outcome.ShouldBe(JournalOutcome.Failed);
        await kit.Store.Lost.WaitAsync(TimeSpan.FromSeconds(10));
        kit.Log(StoreLost).ShouldHaveSingleItem().ShouldContain($"lease.db{file} {words}");
        (await kit.WriteAsync(1001)).Outcome.ShouldBe(JournalOutcome.Failed);
        await Should.ThrowAsync<StoreException>(() => kit.BeatAsync());
    }

    [Fact]
    public async Task A_node_that_is_idle_sees_it_with_its_next_heartbeat()
    {
        await kit.OpenAsync();
        File.Delete(kit.Database);
        await Should.ThrowAsync<StoreException>(() => kit.BeatAsync());
        kit.Store.Lost.IsCompleted.ShouldBeTrue();
    }

    // The clock is looked at when a batch begins, and by the pruning of events just before each eighth commit.
    [Fact]
    public async Task A_batch_whose_file_went_while_it_was_written_is_not_acknowledged()
    {
        var clock = new ActingTime();
        await kit.OpenAsync(o => o with { TimeProvider = clock, Time = null });
        for (var i = 0; i < 100 && !kit.Store.Lost.IsCompleted; i++)
        {
            var looks = 0;
            var wasThere = true;
            clock.Looked = () =>
            {
                if (++looks != 2)
                    return;
                wasThere = false;
                File.Delete(kit.Database);
            };
            (await kit.WriteAsync(i)).Outcome.ShouldBe(wasThere ? JournalOutcome.Committed : JournalOutcome.Failed);
            clock.Looked = null;
        }

        kit.Store.Lost.IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public async Task What_is_lost_is_left_as_it_is_when_the_store_is_closed()
    {
        await kit.OpenAsync();
        await kit.WriteManyAsync(20);
        File.Move(kit.Database, kit.Database + ".moved");
        (await kit.WriteAsync(1000)).Outcome.ShouldBe(JournalOutcome.Failed);
        await kit.Store.DisposeAsync();
        new FileInfo(kit.Database + "-wal").Length.ShouldBeGreaterThan(0);
        File.Move(kit.Database + ".moved", kit.Database);
        await kit.OpenAsync();
        for (var i = 0; i < 20; i++)
            (await kit.LoadAsync(i))!.Payload.ShouldNotBeNull();
    }

    [Fact]
    public async Task Damage_that_a_reader_meets_ends_service()
    {
        await MakeAsync(2000);
        await kit.OpenAsync();
        Lose("overwritten in the middle");
        for (var i = 0; i < 2000 && !kit.Store.Lost.IsCompleted; i++)
            await kit.LoadAsync(i);
        await kit.Store.Lost.WaitAsync(TimeSpan.FromSeconds(10));
        kit.Log(StoreLost).ShouldHaveSingleItem().ShouldContain("is damaged");
        (await kit.WriteAsync(5000)).Outcome.ShouldBe(JournalOutcome.Failed);
    }

    [Fact]
    public async Task Nobody_else_may_read_the_folder_and_the_files()
    {
        kit.Folder = Path.Combine(kit.Folder, "made");
        await kit.OpenAsync();
        await kit.WriteManyAsync(3);
        File.GetUnixFileMode(kit.Folder).ShouldBe(OwnerOnly | UnixFileMode.UserExecute);
        Modes().ShouldAllBe(static m => m == OwnerOnly);
        await kit.CloseAsync();

        // As a version before has left it.
        File.SetUnixFileMode(kit.Database, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        await kit.OpenAsync();
        Modes().ShouldAllBe(static m => m == OwnerOnly);
        IEnumerable<UnixFileMode> Modes()
            => ((string[])[kit.Database, kit.Database + "-wal", kit.Database + "-shm", kit.Mark]).Select(File.GetUnixFileMode);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_not_said_to_be_held()
    {
        await using var disk = await SmallDisk.MountAsync();
        await disk.MakeReadOnlyAsync();
        var error = Should.Throw<StoreException>(() => SqliteLeaseStore.Open(new SqliteStoreOptions { Directory = disk.Path }));
        error.Message.ShouldContain($"{disk.Path} cannot be written to");
        error.Message.ShouldNotContain("held by");
    }

    private async Task MakeAsync(int bindings)
    {
        await kit.OpenAsync();
        await kit.WriteManyAsync(bindings);
        await kit.CloseAsync();
    }

    private bool Exists() => File.Exists(kit.Database);

    private void Lose(string loss)
    {
        if (loss == "deleted")
        {
            File.Delete(kit.Database);
            return;
        }

        using var file = new FileStream(kit.Database, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        switch (loss)
        {
            case "emptied":
                file.SetLength(0);
                break;
            case "cut":
                file.SetLength(100);
                break;
            case "cut in the middle":
                file.SetLength(file.Length / 2);
                break;
            case "without tables":
                file.SetLength(0);
                file.Close();
                using (var empty = Database.Open(kit.Database, readOnly: false))
                    empty.Execute("PRAGMA journal_mode = WAL; VACUUM");
                break;
            default:
                for (var page = file.Length / 4096 / 3; page < file.Length / 4096 * 2 / 3; page++)
                {
                    file.Position = page * 4096;
                    file.Write("garbage, garbage, garbage"u8);
                }

                break;
        }
    }

    private static void Lose(string path, string loss)
    {
        if (loss is "delete" or "replace")
        {
            var content = File.ReadAllBytes(path);
            File.Delete(path);
            if (loss == "replace")
                File.WriteAllBytes(path, content);
            return;
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var length = file.Length;
        file.SetLength(0);
        if (loss == "empty and fill")
            file.SetLength(length);
    }

    private sealed class ActingTime : TimeProvider
    {
        public Action? Looked { get; set; }

        public override long GetTimestamp()
        {
            Looked?.Invoke();
            return base.GetTimestamp();
        }
    }
}
