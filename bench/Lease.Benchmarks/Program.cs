using Lease.Benchmarks;

if (args is ["journal", .. var sizes])
{
    await JournalBenchmark.RunAsync(sizes.Length == 0 ? [10_000, 1_000_000] : [.. sizes.Select(int.Parse)]);
    return 0;
}

await Console.Error.WriteLineAsync("usage: Lease.Benchmarks journal [BINDINGS...]");
return 2;
