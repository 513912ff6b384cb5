using System.Diagnostics;
using System.Net;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp6;

namespace Lease.Benchmarks;

/// <summary>Catch-up of an active leasequery: clients a second from the start until CatchUpComplete; and many idle requestors, for looking at the server's memory.</summary>
internal static class CatchUpCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Asks for everything that changed in the last 23 hours.</summary>
    public static async Task RunAsync(IPEndPoint server)
    {
        await using var connection = await RequestorConnection.ConnectAsync(server, FillCommand.DuidOf(1), Patience, TimeProvider.System);
        var done = new TaskCompletionSource();
        var clients = 0L;
        var start = Stopwatch.GetTimestamp();
        var following = connection.QueryAsync(MessageType.ActiveLeaseQuery, LeasequeryRequest.Everything with { StartTime = DateTimeOffset.UtcNow.AddHours(-23), WithBaseTime = true }, answer =>
        {
            if (answer.TryGetClient(out _))
                clients++;
            if (answer.HasStatus)
                done.TrySetResult();
            return true;
        });
        await Task.WhenAny(done.Task, following);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine($"{clients} clients in {seconds:0.00} s: {clients / seconds:0}/s");
    }

    /// <summary>Connects requestors that follow everything, and waits for Enter.</summary>
    public static async Task IdleAsync(IPEndPoint server, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var connection = await RequestorConnection.ConnectAsync(server, FillCommand.DuidOf(1), Patience, TimeProvider.System);
            _ = connection.QueryAsync(MessageType.ActiveLeaseQuery, LeasequeryRequest.Everything, static _ => true);
        }

        Console.WriteLine($"{count} connected");
        await Console.In.ReadLineAsync();
    }
}
