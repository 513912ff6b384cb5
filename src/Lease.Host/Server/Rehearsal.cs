using System.Net;
using System.Net.Sockets;
using System.Runtime;
using Lease.Peers.Dhcp6;
using Lease.Peers.Load;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Host.Server;

/// <summary>
/// What a node does before it opens its store: it serves simulated clients on the loopback, direct and relayed ones, from a store in a temporary folder, until the runtime has compiled the way of a packet
/// for speed. Else it does that while the first clients wait, of whom there are most when a network comes back after a failure (docs/decisions/0015).
/// </summary>
internal static class Rehearsal
{
    // Of each kind of clients, in a second: a method is compiled for speed after thirty calls.
    private const int Rate = 500;

    // Fewer methods than these in a piece: what is left is not on the way of a packet.
    private const int Few = 10;

    // RFC 8357: the answer comes to the port that this is sent from.
    private static readonly RelayHop Relay = new(Ipv6Address.From(IPAddress.Parse(LoopbackNode.Subnet)), default, [(OptionCode.RelaySourcePort, [0, 0])]);

    // Octets, several times what is used. A disk that is full in the middle would hold the start up for seconds.
    private const long Room = 64 << 20;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestCompiling = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Piece = TimeSpan.FromMilliseconds(50);

    /// <summary>Rehearses, for a second at most. Where it cannot (no loopback, no temporary folder), the log says so, and the first clients wait.</summary>
    /// <exception cref="OperationCanceledException">The node was told to end.</exception>
    public static async Task RunAsync(TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        try
        {
            var parent = new DriveInfo(Path.GetTempPath());
            if (parent.AvailableFreeSpace < Room)
                throw new IOException($"{parent.Name} has less than {Room >> 20} MiB left");
            var directory = Directory.CreateTempSubdirectory($"lease-rehearsal-{Environment.ProcessId}-");
            try
            {
                var exchanges = await ServeAsync(directory.FullName, time, cancellation);
                logger.Rehearsed(exchanges, (long)time.GetElapsedTime(start).TotalMilliseconds);

                // What it leaves is not to be collected while clients wait.
                GC.Collect();
            }
            finally
            {
                directory.Delete(recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException)
        {
            logger.NotRehearsed(e.Message);
        }

        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Waits until what has been called often is compiled for speed, for half a second at most.</summary>
    public static Task SettleAsync(TimeProvider time) => UntilCompiledAsync(Task.Delay(LongestCompiling, time), time, CancellationToken.None);

    private static async Task<long> ServeAsync(string directory, TimeProvider time, CancellationToken cancellation)
    {
        await using var server = await LoopbackNode.StartAsync(directory, time, NullLoggerFactory.Instance, cancellation);
        var direct = Clients(server.Port) with { Associations = [OptionCode.IaNa] };
        var relayed = Clients(server.Port) with { Associations = [OptionCode.IaNa, OptionCode.IaPd], Relays = [Relay], Seed = direct.Seed + 1 };
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        LoadGenerator[] generators = [new(direct, time, Random.Shared), new(relayed, time, Random.Shared)];
        var running = Task.WhenAll(generators.Select(g => g.RunAsync(end.Token)));
        await UntilCompiledAsync(running, time, cancellation);
        await end.CancelAsync();
        await running;
        return generators.Sum(static g => g.Progress.Completed);
    }

    private static LoadOptions Clients(int port) => new()
    {
        Server = new IPEndPoint(IPAddress.IPv6Loopback, port),
        Clients = Rate / 2,
        Rate = Rate,
        Duration = Longest,
        RenewShare = 0.5,
    };

    private static async Task UntilCompiledAsync(Task running, TimeProvider time, CancellationToken cancellation)
    {
        for (var isCompiling = true; isCompiling && !running.IsCompleted;)
        {
            var before = JitInfo.GetCompiledMethodCount();
            await Task.WhenAny(running, Task.Delay(Piece, time, cancellation));
            cancellation.ThrowIfCancellationRequested();
            isCompiling = JitInfo.GetCompiledMethodCount() - before >= Few;
        }
    }
}
