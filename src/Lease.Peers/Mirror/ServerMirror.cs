using System.Collections.Concurrent;
using System.Net;
using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging;

namespace Lease.Peers.Mirror;

/// <summary>Settings of a mirror of one server.</summary>
/// <param name="Server">The server's address and TCP port.</param>
/// <param name="Requestor">The mirror's DUID.</param>
public sealed record MirrorOptions(IPEndPoint Server, byte[] Requestor)
{
    /// <summary>For STARTTLS; null: none.</summary>
    public TlsCertificates? Certificates { get; init; }

    /// <summary>Whether the DHCPv4 leases are copied (DHCP4o6 leasequery) instead of the DHCPv6 leases.</summary>
    public bool Ipv4 { get; init; }

    /// <summary>ACTIVE_LQ_RCV_TIMEOUT: a connection on which nothing comes for so long is given up.</summary>
    public TimeSpan ReceiveTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>The wait before the first try to connect again; it doubles up to <see cref="MaxRetry"/>.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest wait before a try.</summary>
    public TimeSpan MaxRetry { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Keeps the copy of one server (RFC 7653 and seed 001 section 8): a whole copy by bulk first, then what changes by active leasequery, from the base time that covers what is stored. Goes on
/// over lost connections and restarts of either side.
/// </summary>
/// <param name="options">Which server.</param>
/// <param name="database">Where the copy is.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Says what happens.</param>
public sealed partial class ServerMirror(MirrorOptions options, MirrorDatabase database, TimeProvider time, ILogger logger)
{
    private const int MostInTransaction = 5000;
    private const int QueueCapacity = 50_000;

    private readonly string name = NameOf(options);
    private readonly ClockSkew skew = new(time, database.SkewOf(NameOf(options)));

    /// <summary>Whether everything up to <see cref="CoveredThrough"/> is in the database and updates are coming.</summary>
    public bool IsCurrent { get; private set; }

    /// <summary>How often a connection was made.</summary>
    public int Connections { get; private set; }

    /// <summary>Up to when the copy is known to be whole, Unix seconds by this host's clock; 0 before the first copy.</summary>
    public long CoveredThrough { get; private set; }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var wait = options.FirstRetry;
        while (!cancellation.IsCancellationRequested)
        {
            var began = time.GetTimestamp();
            try
            {
                await FollowAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                // Given up by the mirror itself: see what it said before.
            }
            catch (IOException e)
            {
                logger.Lost(name, e.Message);
            }

            IsCurrent = false;
            wait = time.GetElapsedTime(began) > options.MaxRetry ? options.FirstRetry : wait * 2 < options.MaxRetry ? wait * 2 : options.MaxRetry;
            try
            {
                await Task.Delay(wait, time, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        if (database.BaseTimeOf(name) is null)
            await CopyFirstAsync(connection, cancellation);
        var since = database.BaseTimeOf(name);
        var progress = new ActiveProgress();
        using var queue = new UpdateQueue(QueueCapacity);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var writing = Task.Factory.StartNew(() => WriteOrStop(queue, progress, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task filling = Task.CompletedTask;
        try
        {
            var request = (options.Ipv4 ? LeasequeryRequest.ForIpv4(Ipv4Query.All) : LeasequeryRequest.Everything) with { WithBaseTime = true, StartTime = ToTime(since) };
            logger.Following(name, ToTime(since)?.ToString("u", System.Globalization.CultureInfo.InvariantCulture) ?? "now");
            await connection.ActiveAsync(request, Take, stop.Token);
        }
        finally
        {
            queue.Complete();
            await writing;
            await stop.CancelAsync();
            await Task.WhenAny(filling);
        }

        void Take(ActiveUpdate update)
        {
            // A second hole while the first is filled: from the beginning, with the base time that is stored.
            if (update.Status == StatusCode.DataMissing && !filling.IsCompleted)
                stop.Cancel();
            if (stop.IsCancellationRequested)
                return;
            if (update.Status == StatusCode.DataMissing)
                filling = FillHoleAsync(database.BaseTimeOf(name), update.BaseTime, progress, stop);
            queue.Add(update);
        }
    }

    private async Task<RequestorConnection> ConnectAsync(CancellationToken cancellation)
    {
        var connection = await RequestorConnection.ConnectAsync(options.Server, options.Requestor, options.ReceiveTimeout, time, options.Certificates, cancellation);
        Connections++;
        return connection;
    }

    private DateTimeOffset? ToTime(uint? seconds) => seconds is { } known ? DhcpTime.FromSeconds(known, time.GetUtcNow()) : null;

    // Seed 001 section 8.3.1: first what changed in the hole, on a connection of its own; then a whole copy, since what ended in the hole is in no bulk answer.
    private async Task FillHoleAsync(uint? since, uint? until, ActiveProgress progress, CancellationTokenSource stop)
    {
        progress.HasHole = true;
        logger.HoleFound(name, ToTime(since), ToTime(until));
        try
        {
            await using var connection = await ConnectAsync(stop.Token);
            database.BeginCopy(name);
            await CopyAsync(connection, since, until, stop.Token);
            await CopyWholeAsync(connection, stop.Token);
            progress.HasHole = false;
        }
        catch (OperationCanceledException)
        {
            // The active connection has gone: the hole is found again from the stored base time.
        }
        catch (IOException e)
        {
            logger.Lost(name, e.Message);
            await stop.CancelAsync();
        }
    }

    private async Task CopyFirstAsync(RequestorConnection connection, CancellationToken cancellation)
    {
        database.BeginCopy(name);
        var covered = await CopyWholeAsync(connection, cancellation);
        database.Apply(name, [], LeaseSource.Bulk, covered, skew.Seconds);
    }

    private async Task<uint> CopyWholeAsync(RequestorConnection connection, CancellationToken cancellation)
    {
        var (clients, covered) = await CopyAsync(connection, since: null, until: null, cancellation);
        logger.Copied(name, clients, database.EndCopy(name));
        return covered;
    }

    // Returns also the base time of the answer's beginning: what changed before is in it.
    private async Task<(long Clients, uint BaseTime)> CopyAsync(RequestorConnection connection, uint? since, uint? until, CancellationToken cancellation)
    {
        var leases = new List<MirroredLease>(MostInTransaction);
        var count = 0L;
        var request = (options.Ipv4 ? LeasequeryRequest.ForIpv4(Ipv4Query.All) : LeasequeryRequest.ByLink(default)) with { WithBaseTime = true, StartTime = ToTime(since), EndTime = ToTime(until) };
        var first = await connection.BulkAsync(request, Take, cancellation);
        database.Apply(name, leases, LeaseSource.Bulk, baseTime: null);
        if (first is { } seconds)
            skew.Note(seconds);
        return (count, first ?? ServerNow());

        void Take(ClientData client, uint? baseTime)
        {
            if (baseTime is { } told)
                skew.Note(told);
            AddLeases(leases, client, baseTime ?? ServerNow());
            count++;
            if (leases.Count < MostInTransaction)
                return;
            database.Apply(name, leases, LeaseSource.Bulk, baseTime: null);
            leases.Clear();
        }
    }

    // For servers that do not tell a base time in bulk answers, as they need not (RFC 7653 section 6.3.1).
    private uint ServerNow() => DhcpTime.ToSeconds(time.GetUtcNow() + TimeSpan.FromSeconds(skew.Seconds));

    private void WriteOrStop(UpdateQueue queue, ActiveProgress progress, CancellationTokenSource stop)
    {
        try
        {
            WriteUpdates(queue, progress);
        }
        catch (IOException e)
        {
            logger.Lost(name, e.Message);
            queue.Complete();
            stop.Cancel();
        }
    }

    private void WriteUpdates(UpdateQueue queue, ActiveProgress progress)
    {
        var leases = new List<MirroredLease>();
        while (queue.TryTakeAll(MostInTransaction) is { } updates)
        {
            leases.Clear();
            uint? covered = null;
            foreach (var update in updates)
            {
                if (update.BaseTime is { } baseTime)
                {
                    // In a catch-up the base time is that of the change, long ago.
                    progress.Note(update.Status);
                    if (progress.IsCaughtUp)
                        skew.Note(baseTime);
                    if (update.Client is { } client)
                        AddLeases(leases, client, baseTime);
                    covered = baseTime;
                }
            }

            // Seed 001 section 8.3: a base time from an unfinished catch-up, or in front of a hole, covers nothing.
            var isWhole = progress.IsCaughtUp && !progress.HasHole;
            database.Apply(name, leases, LeaseSource.Active, isWhole ? covered : null, skew.Seconds);
            if (!isWhole || covered is not { } through)
                continue;
            CoveredThrough = skew.ToLocal(through);
            if (!IsCurrent)
                logger.Current(name);
            IsCurrent = true;
        }
    }

    private void AddLeases(List<MirroredLease> leases, ClientData client, uint baseTime)
    {
        var at = skew.ToLocal(baseTime);
        if (client.Ipv4 is { Type: not Dhcp4MessageType.LeaseUnknown } ipv4)
            AddIpv4(leases, client, ipv4, at);
        foreach (var lease in client.Leases)
        {
            leases.Add(new MirroredLease(
                client.ClientId, lease.Prefix, lease.IsDelegated, Until(at, lease.Preferred), lease.Valid == 0 ? 0 : Until(at, lease.Valid), at - client.SinceLastTransaction));
        }
    }

    private static void AddIpv4(List<MirroredLease> leases, ClientData client, Ipv4Lease lease, long at)
    {
        var mapped = new Ipv6Prefix(new Ipv6Address(new UInt128(0, 0xffff_0000_0000UL | lease.Address.Value)), 128);
        var ports = lease.Ports is { PsidLength: > 0 } set ? ((uint)set.Offset << 24) | ((uint)set.PsidLength << 16) | set.Psid : 0;
        var identity = lease.ClientId.IsEmpty ? lease.HardwareAddress : lease.ClientId;
        var until = lease.Remaining is { } left ? Until(at, left) : 0;
        leases.Add(new MirroredLease(identity.ToArray(), mapped, IsDelegated: false, until, until, at - client.SinceLastTransaction, ports, lease.TunnelSource));
    }

    // Both halves of a server have a base time of their own.
    private static string NameOf(MirrorOptions options) => options.Ipv4 ? $"{options.Server} ipv4" : options.Server.ToString();

    private static long Until(long at, uint lifetime) => lifetime == DhcpTime.Infinity ? long.MaxValue : at + lifetime;

    /// <summary>How far an active query has come.</summary>
    private sealed class ActiveProgress
    {
        private volatile bool hasHole;

        public bool IsCaughtUp { get; private set; }

        public bool HasHole
        {
            get => hasHole;
            set => hasHole = value;
        }

        public void Note(StatusCode? status) => IsCaughtUp |= status is StatusCode.CatchUpComplete or StatusCode.DataMissing;
    }

    /// <summary>Updates between the connection's loop and the database: a full queue makes the loop wait, and with it the server.</summary>
    private sealed class UpdateQueue(int capacity) : IDisposable
    {
        private readonly BlockingCollection<ActiveUpdate> updates = new(capacity);

        public void Add(ActiveUpdate update)
        {
            try
            {
                updates.Add(update);
            }
            catch (InvalidOperationException)
            {
                // Completed meanwhile: what is not written is asked for again.
            }
        }

        public void Complete() => updates.CompleteAdding();

        public List<ActiveUpdate>? TryTakeAll(int most)
        {
            if (!updates.TryTake(out var first, Timeout.Infinite))
                return null;
            var taken = new List<ActiveUpdate> { first };
            while (taken.Count < most && updates.TryTake(out var next))
                taken.Add(next);
            return taken;
        }

        public void Dispose() => updates.Dispose();
    }
}
