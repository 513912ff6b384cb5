using System.Diagnostics;
using System.Net;
using Lease.Cluster.Tests.Checking;

namespace Lease.Cluster.Tests.Traffic;

/// <summary>
/// A client behind the relay: gets, renews, releases, declines, forgets and lets expire what it asks for, with RFC 8415's retransmission (section 15; RENEW begins at 1 s instead of 10,
/// since a round is not longer than that). Each transmission goes to a node that is picked at random, now and then to two.
/// </summary>
internal sealed class TrafficClient
{
    private static readonly RetransmissionRule SolicitRule = new(1, 3600, 0, 0);
    private static readonly RetransmissionRule RequestRule = new(1, 30, 10, 0);
    private static readonly RetransmissionRule RenewRule = new(1, 600, 0, 0);

    // Whether a node answers is seen by then.
    private static readonly RetransmissionRule ProbeRule = new(1, 3600, 0, 8);
    private static readonly RetransmissionRule ReleaseRule = new(1, 0, 4, 0);

    private readonly RelaySocket relay;
    private readonly Func<IReadOnlyList<IPAddress>> nodes;
    private readonly Random random;
    private readonly IPAddress link;
    private readonly int number;
    private readonly List<(int Type, uint Id)> wanted = [];
    private readonly Dictionary<Resource, (int Type, uint Id, long Until)> leases = [];
    private int generation;
    private string client = string.Empty;
    private string server = string.Empty;
    private int transaction = -1;
    private CancellationToken abandon;
    private TaskCompletionSource<Packet>? answer;

    public TrafficClient(RelaySocket relay, Func<IReadOnlyList<IPAddress>> nodes, int seed, int number, IPAddress link)
    {
        this.relay = relay;
        this.nodes = nodes;
        this.number = number;
        this.link = link;
        random = new Random(HashCode.Combine(seed, number));
        var kinds = random.NextDouble();
        if (kinds < 0.85)
            wanted.Add((3, 1));
        if (kinds > 0.25)
            wanted.Add((25, 2));
        BecomeAnother();
    }

    /// <summary>Acts until it is told to stop, and then goes on sending what has no answer yet until it has one, or until it is told to abandon it.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken abandonAll)
    {
        abandon = abandonAll;
        try
        {
            await Task.Delay(random.Next(1000), stop);
            while (!stop.IsCancellationRequested)
            {
                await ActAsync(stop);
                await Task.Delay(random.Next(150, 900), stop);
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the traffic.
        }
        finally
        {
            relay.Unregister(client, link);
        }
    }

    /// <summary>Whether one node answers a SOLICIT of a new client.</summary>
    public async Task<bool> IsServedAsync()
    {
        try
        {
            return await ExchangeAsync(Kind.Solicit, ProbeRule, Wanted()) is not null;
        }
        finally
        {
            relay.Unregister(client, link);
        }
    }

    private async Task ActAsync(CancellationToken stop)
    {
        var now = Stopwatch.GetTimestamp();
        foreach (var (resource, lease) in leases.ToList())
        {
            if (lease.Until <= now)
                leases.Remove(resource);
        }

        var choice = leases.Count == 0 ? 1 : random.NextDouble();
        switch (choice)
        {
            case < 0.55:
                await RenewAsync();
                break;
            case < 0.75:
                await EndAsync(Kind.Release);
                break;
            case < 0.78:
                await EndAsync(Kind.Decline);
                break;
            case < 0.85:
                await Task.Delay(random.Next(1000, 12_000), stop);
                break;
            default:
                // Also clients that have forgotten what they have.
                await AcquireAsync(stop);
                break;
        }
    }

    private async Task AcquireAsync(CancellationToken stop)
    {
        if (await ExchangeAsync(Kind.Solicit, SolicitRule, Wanted()) is not { } advertise || !advertise.Leases.Any() || stop.IsCancellationRequested)
            return;
        server = advertise.Server;
        var asked = advertise.Associations.Where(static a => a.Leases.Count > 0).ToList();
        if (await ExchangeAsync(Kind.Request, RequestRule, asked) is { } reply)
            TakeReply(reply);
    }

    private async Task RenewAsync()
    {
        if (await ExchangeAsync(random.Next(5) == 0 ? Kind.Rebind : Kind.Renew, RenewRule, Held()) is not { } reply)
            return;
        if (reply.Associations.Any(static a => a.Status == 3))
            leases.Clear();
        TakeReply(reply);
    }

    private async Task EndAsync(Kind kind)
    {
        var ended = Held().ToList();
        leases.Clear();
        if (kind == Kind.Decline)
            ended = [.. ended.Where(static a => a.Type == 3)];
        if (ended.Count == 0)
            return;
        await ExchangeAsync(kind, ReleaseRule, ended);

        // A copy that waits somewhere must not end what this client gets afterwards.
        BecomeAnother();
    }

    private void TakeReply(Packet reply)
    {
        foreach (var association in reply.Associations)
        {
            foreach (var lease in association.Leases)
            {
                if (lease.Valid == 0)
                    leases.Remove(lease.Resource);
                else
                    leases[lease.Resource] = (association.Type, association.Id, Stopwatch.GetTimestamp() + (lease.Valid * Stopwatch.Frequency));
            }
        }
    }

    private IEnumerable<AssociationSeen> Wanted() => wanted.Select(static w => new AssociationSeen(w.Type, w.Id, 0, []));

    private IEnumerable<AssociationSeen> Held()
        => leases.GroupBy(static l => (l.Value.Type, l.Value.Id)).Select(static g => new AssociationSeen(g.Key.Type, g.Key.Id, 0, [.. g.Select(static l => new LeaseSeen(l.Key, 0))]));

    private async Task<Packet?> ExchangeAsync(Kind kind, RetransmissionRule rule, IEnumerable<AssociationSeen> associations)
    {
        var content = associations.ToList();
        var waiting = new TaskCompletionSource<Packet>(TaskCreationOptions.RunContinuationsAsynchronously);
        answer = waiting;
        transaction = random.Next(1 << 24);
        var begin = Stopwatch.GetTimestamp();
        var timeout = rule.First * (1 + Spread());
        for (var sent = 1; ; sent++)
        {
            var elapsed = (int)Math.Min(65535, Stopwatch.GetElapsedTime(begin).TotalMilliseconds / 10);
            var datagram = MessageWriter.Write(kind, transaction, client, link, kind is Kind.Solicit or Kind.Rebind ? [] : Convert.FromHexString(server), content, elapsed);
            for (var copies = random.Next(12) == 0 ? 2 : 1; copies > 0; copies--)
            {
                var all = nodes();
                relay.Send(datagram, all[random.Next(all.Count)]);
            }

            try
            {
                return await waiting.Task.WaitAsync(TimeSpan.FromSeconds(timeout), abandon);
            }
            catch (TimeoutException)
            {
                // Once more, or not.
            }

            if ((rule.Count > 0 && sent >= rule.Count) || (rule.Duration > 0 && Stopwatch.GetElapsedTime(begin).TotalSeconds > rule.Duration))
                return null;

            timeout = timeout * (2 + Spread());
            if (rule.Most > 0 && timeout > rule.Most)
                timeout = rule.Most * (1 + Spread());
        }
    }

    private double Spread() => (random.NextDouble() * 0.2) - 0.1;

    private void Take(Packet packet)
    {
        if (packet.Transaction == Volatile.Read(ref transaction) && packet.FromServer)
            answer?.TrySetResult(packet);
    }

    private void BecomeAnother()
    {
        if (client.Length > 0)
            relay.Unregister(client, link);
        client = $"0003000102{generation++ & 0xffff:x4}{number & 0xffffff:x6}";
        relay.Register(client, link, Take);
    }

    /// <summary>IRT, MRT, MRC and MRD of RFC 8415 section 15, in seconds; 0: no limit.</summary>
    private sealed record RetransmissionRule(double First, double Most, int Count, double Duration);
}
