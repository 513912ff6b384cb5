using System.Diagnostics;
using Lease.Storage.Sqlite;

namespace Lease.Storage.Tests;

/// <summary>kill -9 of a process that writes: what it was told of as committed is there, and the sequences have no gaps.</summary>
public sealed class CrashTests : IDisposable
{
    private const int Rounds = 8;
    private const int KeysPerRound = 1_000_000;

    private readonly string directory = Directory.CreateTempSubdirectory("lease-crash-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task Every_acknowledged_write_survives_kill_9()
    {
        var random = new Random(9);
        var acknowledged = new List<Written>();
        for (var round = 0; round < Rounds; round++)
        {
            var inRound = await WriteUntilKilledAsync(round * KeysPerRound, random.Next(1, 4000));
            acknowledged.AddRange(inRound);
            await OpenAndCloseAsync(round);
            Check(acknowledged);
        }
    }

    private async Task<List<Written>> WriteUntilKilledAsync(int firstKey, int killAfter)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Lease.Storage.Tests")) { RedirectStandardOutput = true };
        start.Environment[CrashingWriter.DirectoryVariable] = directory;
        start.Environment[CrashingWriter.FirstKeyVariable] = firstKey.ToString();
        using var writer = Process.Start(start).ShouldNotBeNull();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var written = new List<Written>();
        try
        {
            // What was printed before the kill is still in the pipe after it.
            while (await writer.StandardOutput.ReadLineAsync(deadline.Token) is { } line)
            {
                written.Add(Written.Parse(line));
                if (written.Count == killAfter)
                    writer.Kill();
            }
        }
        finally
        {
            writer.Kill();
            await writer.WaitForExitAsync(deadline.Token);
        }

        written.Count.ShouldBeGreaterThanOrEqualTo(killAfter);
        return written;
    }

    private async Task OpenAndCloseAsync(int round)
    {
        await using var store = SqliteLeaseStore.Open(new SqliteStoreOptions { Directory = directory });
        store.RecoveryReport.ShouldContain("not closed cleanly", customMessage: $"round {round}");
    }

    private void Check(List<Written> acknowledged)
    {
        using var database = Database.Open(Path.Combine(directory, "lease.db"), readOnly: true);
        database.ScalarText("PRAGMA integrity_check").ShouldBe("ok");
        database.Scalar("SELECT count(*) FROM shard s WHERE last_sequence <> (SELECT count(*) FROM event e WHERE e.shard_id = s.shard_id)").ShouldBe(0);
        database.Scalar("SELECT count(*) FROM shard s WHERE last_sequence <> (SELECT max(sequence) FROM event e WHERE e.shard_id = s.shard_id)").ShouldBe(0);
        database.Scalar("SELECT (SELECT count(*) FROM binding) - (SELECT count(*) FROM lease WHERE state = 1)").ShouldBe(0);
        using var read = database.PrepareOnce("SELECT b.id, b.shard_id, b.sequence FROM binding b JOIN lease l ON l.binding_id = b.id WHERE b.binding_key = ?1");
        foreach (var write in acknowledged)
        {
            read.Bind(1, BitConverter.GetBytes(write.Key).AsSpan()).Step().ShouldBeTrue($"key {write.Key} was acknowledged and is not there");
            (read.Int64(0), read.Int64(1), read.Int64(2)).ShouldBe((write.RowId, write.Shard, write.Sequence));
            read.Reset();
        }
    }

    private readonly record struct Written(int Key, long RowId, long Shard, long Sequence)
    {
        public static Written Parse(string line)
        {
            var parts = line.Split(' ');
            return new Written(int.Parse(parts[0]), long.Parse(parts[1]), long.Parse(parts[2]), long.Parse(parts[3]));
        }
    }
}
