using System.Net;
using Lease.Benchmarks;

switch (args)
{
    case ["journal-postgres", var connection, .. var sizes]:
        await JournalBenchmark.RunOnPostgresAsync(connection, [.. sizes.Select(int.Parse)]);
        return 0;
    case ["journal", .. var sizes]:
        await JournalBenchmark.RunAsync(sizes.Length == 0 ? [10_000, 1_000_000] : [.. sizes.Select(int.Parse)]);
        return 0;
    case ["fill", var directory, var bindings]:
        await FillCommand.RunAsync(directory, int.Parse(bindings));
        return 0;
    case ["udp-queries", var server, "by-address" or "by-client-id", var bindings, var seconds]:
        UdpQueryCommand.Run(IPEndPoint.Parse(server), args[2], int.Parse(bindings), int.Parse(seconds));
        return 0;
    case ["catch-up", var server]:
        await CatchUpCommand.RunAsync(IPEndPoint.Parse(server));
        return 0;
    case ["idle-requestors", var server, var count]:
        await CatchUpCommand.IdleAsync(IPEndPoint.Parse(server), int.Parse(count));
        return 0;
    default:
        await Console.Error.WriteLineAsync("usage: Lease.Benchmarks journal [BINDINGS...] | journal-postgres CONNECTION BINDINGS... | fill DIRECTORY BINDINGS | udp-queries [ADDRESS]:PORT by-address|by-client-id BINDINGS SECONDS | catch-up [ADDRESS]:PORT | idle-requestors [ADDRESS]:PORT COUNT");
        return 2;
}
