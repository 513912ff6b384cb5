using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Lease.Peers.Dhcp4;
using Lease.Peers.Dhcp6;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Load;

/// <summary>What load to make.</summary>
public sealed record LoadOptions
{
    /// <summary>The server, or with a scope All_DHCP_Relay_Agents_and_Servers.</summary>
    public required IPEndPoint Server { get; init; }

    /// <summary>Clients that take turns.</summary>
    public int Clients { get; init; } = 10_000;

    /// <summary>Exchanges that are begun each second, whether earlier ones are answered or not.</summary>
    public int Rate { get; init; } = 1_000;

    /// <summary>How long.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What each client asks for.</summary>
    public IReadOnlyList<OptionCode> Associations { get; init; } = [OptionCode.IaNa];

    /// <summary>Whether SOLICITs carry RAPID_COMMIT.</summary>
    public bool RapidCommit { get; init; }

    /// <summary>Share (0..1) of the turns of a client with leases that are a RENEW; the others are a new 4-way exchange.</summary>
    public double RenewShare { get; init; }

    /// <summary>Relays in front of the clients.</summary>
    public IReadOnlyList<RelayHop> Relays { get; init; } = [];

    /// <summary>Whether the clients ask for IPv4 addresses, by DHCPv4 over DHCPv6.</summary>
    public bool Dhcp4o6 { get; init; }

    /// <summary>Whether clients of DHCPv4 over DHCPv6 can share an address, and give a tunnel source address (in 2001:db8:4006::/64).</summary>
    public bool PortSets { get; init; }

    /// <summary>Port to send from; 0: any. Servers answer direct clients at 546 unless told otherwise.</summary>
    public int LocalPort { get; init; }

    /// <summary>First number of the clients' DUIDs, so that runs can use the same clients or others.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>How a load run goes; read while it runs.</summary>
public sealed class LoadProgress
{
    private readonly Lock gate = new();
    private readonly LatencyHistogram latency = new();
    private long begun;
    private long completed;
    private long lost;
    private long refused;

    /// <summary>Exchanges begun.</summary>
    public long Begun => Interlocked.Read(ref begun);

    /// <summary>Exchanges that ended with leases.</summary>
    public long Completed => Interlocked.Read(ref completed);

    /// <summary>Exchanges without an answer within a second.</summary>
    public long Lost => Interlocked.Read(ref lost);

    /// <summary>Exchanges answered without a lease.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>Time from the first packet of an exchange to its last.</summary>
    public TimeSpan Latency(double share)
    {
        lock (gate)
            return latency.Percentile(share);
    }

    internal void Begin() => Interlocked.Increment(ref begun);

    internal void End(bool? granted, TimeSpan took)
    {
        if (granted is not { } isGranted)
        {
            Interlocked.Increment(ref lost);
            return;
        }

        if (isGranted)
            Interlocked.Increment(ref completed);
        else
            Interlocked.Increment(ref refused);
        lock (gate)
            latency.Record(took);
    }
}

/// <summary>Makes load like customers do: exchanges begin at a given rate, whatever the server makes of them.</summary>
public sealed class LoadGenerator(LoadOptions options, TimeProvider time, Random random)
{
    // 2001:db8:4006::/64, of the block for documentation.
    private static readonly UInt128 TunnelSources = (UInt128)0x2001_0db8_4006_0000 << 64;

    private readonly SimulatedClient?[] clients = new SimulatedClient?[options.Dhcp4o6 ? 0 : options.Clients];
    private readonly SimulatedDhcp4Client?[] clients4 = new SimulatedDhcp4Client?[options.Dhcp4o6 ? options.Clients : 0];

    /// <summary>How it goes.</summary>
    public LoadProgress Progress { get; } = new();

    /// <summary>When the last exchange of each client began (timestamps of the clock), by its number.</summary>
    public long[] Beginnings { get; } = new long[options.Clients];

    /// <summary>When it had its last answer, likewise.</summary>
    public long[] Endings { get; } = new long[options.Clients];

    /// <summary>The clients that have had a turn.</summary>
    public IEnumerable<SimulatedClient> Clients => clients.OfType<SimulatedClient>();

    /// <summary>Runs until the duration is over and the last exchange has ended.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await using var peer = options.Dhcp4o6 ? null : new UdpPeer(options.Server, time, random, options.LocalPort);
        await using var peer4 = options.Dhcp4o6 ? new Dhcp4Peer(options.Server, time, random, options.LocalPort) : null;
        Func<int, CancellationToken, Task<bool?>> exchange = peer4 is null
            ? (turn, cancellation) => ExchangeAsync(clients[turn] ??= NewClient(peer!, turn), cancellation)
            : (turn, cancellation) => ExchangeAsync(clients4[turn] ??= NewClient(peer4, turn), cancellation);
        var busy = new bool[options.Clients];
        var running = new List<Task>();
        var start = time.GetTimestamp();
        for (var number = 0L; !cancellation.IsCancellationRequested; number++)
        {
            var due = TimeSpan.FromSeconds(number / (double)options.Rate);
            if (due >= options.Duration)
                break;
            var early = due - time.GetElapsedTime(start);
            if (early > TimeSpan.FromMilliseconds(1))
                await Task.Delay(early, time, CancellationToken.None);
            var turn = (int)(number % options.Clients);
            if (Volatile.Read(ref busy[turn]))
                continue;
            busy[turn] = true;
            running.Add(TurnAsync(exchange, turn, busy));
            if (running.Count > 4096)
                running.RemoveAll(static t => t.IsCompleted);
        }

        await Task.WhenAll(running);
    }

    private async Task TurnAsync(Func<int, CancellationToken, Task<bool?>> exchange, int turn, bool[] busy)
    {
        Progress.Begin();
        var start = time.GetTimestamp();
        Volatile.Write(ref Beginnings[turn], start);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1), time);
        bool? granted = null;
        try
        {
            granted = await exchange(turn, patience.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Counted as lost: no answer in time, or the system would not send.
        }

        Volatile.Write(ref Endings[turn], time.GetTimestamp());
        Progress.End(granted, time.GetElapsedTime(start));
        Volatile.Write(ref busy[turn], value: false);
    }

    private async Task<bool?> ExchangeAsync(SimulatedClient client, CancellationToken cancellation)
    {
        var reply = client.Leases.Count > 0 && random.NextDouble() < options.RenewShare
            ? await client.RenewAsync(cancellation)
            : await client.BindAsync(options.RapidCommit, cancellation);
        return reply?.Leases.Any(static l => l.Valid > 0);
    }

    private async Task<bool?> ExchangeAsync(SimulatedDhcp4Client client, CancellationToken cancellation)
    {
        var reply = client.Address is not null && random.NextDouble() < options.RenewShare
            ? await client.RenewAsync(cancellation: cancellation)
            : await client.BindAsync(options.RapidCommit, cancellation);
        return reply is null ? null : reply.Type == Dhcp4MessageType.Ack;
    }

    private SimulatedClient NewClient(UdpPeer peer, int turn)
        => new(peer, DuidOf(turn), [.. options.Associations.Select(static (kind, i) => (kind, (uint)i + 1))]) { Relays = options.Relays };

    private SimulatedDhcp4Client NewClient(Dhcp4Peer peer, int turn) => new(peer, DuidOf(turn))
    {
        Relays = options.Relays,
        AcceptsPortSets = options.PortSets,
        TunnelSource = options.PortSets ? new Ipv6Address(TunnelSources + ((UInt128)(uint)options.Seed << 32) + (uint)turn) : null,
    };

    private byte[] DuidOf(int turn)
    {
        Span<byte> address = stackalloc byte[6];
        BinaryPrimitives.WriteInt32BigEndian(address[2..], turn);
        BinaryPrimitives.WriteUInt16BigEndian(address, (ushort)(0x0200 | (options.Seed & 0xff)));
        return Duid.MakeLinkLayer(hardwareType: 1, address);
    }
}
