namespace Lease.Storage.Tests;

/// <summary>
/// The log of a store that was not closed: what was committed to it and cannot be read any more is an error, and is not dropped. A crash
/// is a copy of the files while they are in use.
/// </summary>
public sealed class DamagedLogTests
{
    private const int HeaderSize = 32;
    private const int FrameSize = 24 + 4096;

    [Theory]
    [InlineData("flip in the middle", "others were committed behind it")]
    [InlineData("flip at the end", "pages were committed to it")]
    [InlineData("flip in the header", "its header cannot be read")]
    [InlineData("cut", "pages were committed to it")]
    [InlineData("empty", "pages were committed to it")]
    [InlineData("delete", "pages were committed to it")]
    public async Task A_damaged_log_is_an_error_at_start(string damage, string message)
    {
        await using var kit = new FileStoreKit();
        await CrashAsync(kit);
        Damage(kit.Database + "-wal", damage);
        var error = await Should.ThrowAsync<StoreException>(() => kit.OpenAsync());
        error.IsDamage.ShouldBeTrue();
        error.Message.ShouldContain(message);
        await kit.OpenAsync(static o => o with { BeginsNew = true });
        (await kit.LoadAsync(1)).ShouldNotBeNull().Payload.ShouldBeNull();
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("a transaction under way")]
    [InlineData("no index")]
    public async Task A_log_that_a_crash_left_is_recovered_whole(string state)
    {
        await using var kit = new FileStoreKit();
        await CrashAsync(kit);
        var log = kit.Database + "-wal";
        if (state == "a transaction under way")
            await File.AppendAllBytesAsync(log, (await File.ReadAllBytesAsync(log))[^FrameSize..]);
        if (state == "no index")
            File.Delete(kit.Database + "-shm");
        await kit.OpenAsync();
        for (var number = 0; number < 100; number++)
            (await kit.LoadAsync(number)).ShouldNotBeNull().Payload.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_log_that_was_begun_anew_over_an_older_one_is_recovered()
    {
        await using var kit = new FileStoreKit();
        await CrashAsync(kit, static o => o with { CheckpointAt = 64 << 10 });
        await kit.OpenAsync();
        (await kit.LoadAsync(99)).ShouldNotBeNull().Payload.ShouldNotBeNull();
    }

    // A hundred clients, a transaction each; then the folder as a kill -9 leaves it.
    private static async Task CrashAsync(FileStoreKit kit, Func<Sqlite.SqliteStoreOptions, Sqlite.SqliteStoreOptions>? change = null)
    {
        await kit.OpenAsync(change);
        for (var number = 0; number < 100; number++)
            await kit.WriteAsync(number);
        var image = Directory.CreateTempSubdirectory("lease-crash-").FullName;
        foreach (var file in (string[])[.. Directory.GetFiles(kit.Folder, "lease.db*"), kit.Mark])
            File.Copy(file, Path.Combine(image, Path.GetFileName(file)));
        await kit.Store.DisposeAsync();
        Directory.Delete(kit.Folder, recursive: true);
        kit.Folder = image;
    }

    private static void Damage(string log, string how)
    {
        if (how == "delete")
        {
            File.Delete(log);
            return;
        }

        var octets = File.ReadAllBytes(log);
        var frames = (octets.Length - HeaderSize) / FrameSize;
        switch (how)
        {
            case "flip in the middle":
                octets[HeaderSize + (frames / 2 * FrameSize) + 100] ^= 1;
                break;
            case "flip at the end":
                octets[HeaderSize + ((frames - 1) * FrameSize) + 100] ^= 1;
                break;
            case "flip in the header":
                octets[10] ^= 1;
                break;
            case "cut":
                octets = octets[..(HeaderSize + (frames / 2 * FrameSize) + 1000)];
                break;
            default:
                octets = [];
                break;
        }

        File.WriteAllBytes(log, octets);
    }
}
