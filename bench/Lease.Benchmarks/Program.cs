using System.Net;
using Lease.Benchmarks;
using Lease.Benchmarks.Micro;

switch (args)
{
    case ["micro", .. var chosen]:
        MicroBenchmarks.Run(chosen);
        return 0;
    case ["journal-postgres", var connection, .. var sizes]:
        await PostgresJournalCommand.RunAsync(connection, [.. sizes.Select(int.Parse)]);
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
        await Console.Error.WriteLineAsync("usage: Lease.Benchmarks micro [--filter PATTERN...] | journal-postgres CONNECTION BINDINGS... | fill DIRECTORY BINDINGS | udp-queries [ADDRESS]:PORT by-address|by-client-id BINDINGS SECONDS | catch-up [ADDRESS]:PORT | idle-requestors [ADDRESS]:PORT COUNT");
        return 2;
}
