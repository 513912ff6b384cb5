using System.Net;

namespace Lease.Cluster.Tests.Checking;

/// <summary>What the cluster must never do.</summary>
internal enum Rule
{
    /// <summary>An address or prefix was granted while another client had it, or what contains it or lies in it.</summary>
    GrantedTwice,

    /// <summary>The cluster told a client that it has nothing while it had a lease.</summary>
    Forgotten,

    /// <summary>A reply to a message that its client never sent.</summary>
    NotAsked,

    /// <summary>A lease that was granted and has not ended is not in the server's bindings.</summary>
    Lost,

    /// <summary>... is there, for another client.</summary>
    HeldByAnother,

    /// <summary>... is there, and ends before its client was told that it would.</summary>
    EndsTooEarly,

    /// <summary>A lease whose end the server confirmed is in its bindings.</summary>
    NotEnded,

    /// <summary>A client got no answer to any of its transmissions of a message.</summary>
    Unanswered,

    /// <summary>The nodes do not agree, or a mirror is not what the server has.</summary>
    Different,
}

/// <summary>Something that must not be, with the packets that show it.</summary>
internal sealed record Violation(Rule Rule, double At, Resource Resource, string Text, IReadOnlyList<Packet> Evidence)
{
    public override string ToString() => $"{Rule}: {Text}{string.Concat(Evidence.Select(static p => $"\n      {p}"))}";
}

/// <summary>A lease in the server's bindings: who has it, and until when (seconds since 1970).</summary>
internal sealed record HeldLease(Resource Resource, string Client, double Until);

/// <summary>
/// Judges a cluster by what passed on the clients' side and by what it has in its bindings at the end, and by nothing else.
/// </summary>
/// <remarks>
/// A grant lasts from its reply until the valid lifetime is over, its client sends a RELEASE or DECLINE (from then on it must not use the address, RFC 8415 section 18.2.7; whether that
/// arrived does not matter), or a reply takes it away. A reply to a transaction that its client has given up for another one grants nothing: the client does not take it.
/// <para>
/// <see cref="Tolerance"/>: the server counts a lease from its commit, a client from the reply, which is on the wire a little later; so the server may give the address away a little before
/// the client's time is over. And two nodes' packets may pass each other between commit and wire. Half a second is ten times what either takes on a loaded machine, and a twentieth of
/// the shortest lifetime in these tests. A reply that is later than that (its node was stopped between commit and reply) counts from the client's first transmission plus the tolerance: the
/// commit is not before that. What only the client's own reckoning would call a violation then is counted in <see cref="LateOverlaps"/>.
/// </para>
/// </remarks>
internal sealed class Checker
{
    private const int NoAddrsAvail = 2;
    private const int NoBinding = 3;
    private const int NoPrefixAvail = 6;

    private readonly Dictionary<(string Client, IPAddress Link, int Transaction), Exchange> exchanges = [];
    private readonly Dictionary<(string Client, IPAddress Link), Exchange> latest = [];
    private readonly Dictionary<Resource, List<Grant>> grants = [];
    private readonly List<Packet> packets = [];
    private readonly List<Violation> violations = [];

    public static double Tolerance => 0.5;

    /// <summary>Bindings are told in whole seconds, rounded down: a lease in its last second need not be told of any more.</summary>
    public static double Rounding => 1;

    public IReadOnlyList<Violation> Violations => violations;

    public int Packets => packets.Count;

    /// <summary>Leases in replies, first grants and renewals.</summary>
    public int Granted { get; private set; }

    /// <summary>Grants of what another client had before.</summary>
    public int Reused { get; private set; }

    /// <summary>See the remarks.</summary>
    public int LateOverlaps { get; private set; }

    /// <summary>Exchanges that got an answer, and all.</summary>
    public (int Answered, int All) Exchanges => (exchanges.Values.Count(static e => e.Replies > 0), exchanges.Count);

    public void Take(Packet packet)
    {
        packets.Add(packet);
        var client = (packet.Client, packet.Link);
        var key = (packet.Client, packet.Link, packet.Transaction);
        if (!packet.FromServer)
        {
            if (!exchanges.TryGetValue(key, out var begun))
                exchanges[key] = begun = new Exchange(packet.Kind, packet.At, packet.RapidCommit);
            begun.Sent++;
            latest[client] = begun;
            if (packet.Kind is Kind.Release or Kind.Decline)
                End(packet, begun);
            return;
        }

        if (!exchanges.TryGetValue(key, out var exchange))
        {
            Report(Rule.NotAsked, packet.At, default, $"{packet.Client} never sent transaction {packet.Transaction:x6}", [packet]);
            return;
        }

        exchange.Replies++;
        if (packet.Kind != Kind.Reply)
            return;
        foreach (var association in packet.Associations)
        {
            if (exchange.Kind is Kind.Release or Kind.Decline)
                TakeEnd(packet, exchange, association);
            else
                TakeReply(packet, exchange, association, current: latest[client] == exchange);
        }
    }

    /// <summary>Nobody asks, or waits, any more: every exchange must have been answered.</summary>
    public void RequireAnswers(double at)
    {
        foreach (var (key, exchange) in exchanges.Where(static e => e.Value.Replies == 0))
        {
            Report(
                Rule.Unanswered, at, default, $"{key.Client} sent {exchange.Kind} {key.Transaction:x6} {exchange.Sent} times without an answer",
                [.. packets.Where(p => p.Client == key.Client && p.Transaction == key.Transaction)]);
        }
    }

    /// <summary>Compares with the server's bindings as they were at a time after the last packet.</summary>
    public void TakeBindings(IEnumerable<HeldLease> held, double at, string where)
    {
        var bindings = new Dictionary<Resource, HeldLease>();
        foreach (var lease in held)
        {
            foreach (var other in bindings.Values.Where(b => b.Client != lease.Client && b.Resource.Overlaps(lease.Resource)))
                ReportAt(Rule.GrantedTwice, at, lease.Resource,
                    $"{where} has {other.Resource} for {other.Client} and {lease.Resource} for {lease.Client}");
            bindings.TryAdd(lease.Resource, lease);
        }

        foreach (var grant in grants.Values.SelectMany(static g => g).Where(g => g.IsAliveAt(at + Rounding)))
        {
            if (!bindings.TryGetValue(grant.Resource, out var lease))
                ReportAt(Rule.Lost, at, grant.Resource, $"{where} does not have {grant.Resource}, which {grant.Client} has until {Text(grant.Until)}");
            else if (lease.Client != grant.Client)
                ReportAt(Rule.HeldByAnother, at, grant.Resource, $"{where} has {grant.Resource} for {lease.Client}; {grant.Client} has it until {Text(grant.Until)}");
            else if (lease.Until < grant.Until - Tolerance - Rounding)
                ReportAt(Rule.EndsTooEarly, at, grant.Resource, $"{where} has {grant.Resource} of {grant.Client} until {Text(lease.Until)} instead of {Text(grant.Until)}");
        }

        foreach (var grant in grants.Values.SelectMany(static g => g).Where(g => g.Ending is { Confirmed: true, Kind: Kind.Release }))
        {
            var client = (grant.Client, grant.Link);

            // A copy of an earlier message that is still on its way may bring the lease back, rightly so.
            var quiet = latest[client] == grant.Ending && exchanges.Where(e => e.Key.Client == grant.Client && e.Value.CanGrant).All(static e => e.Value.Sent <= e.Value.Replies);
            if (quiet && grant.Ending!.Sent <= grant.Ending.Replies && bindings.TryGetValue(grant.Resource, out var lease) && lease.Client == grant.Client)
                ReportAt(Rule.NotEnded, at, grant.Resource, $"{where} has {grant.Resource} for {grant.Client}, which released it");
        }
    }

    private static string Text(double at) => DateTimeOffset.FromUnixTimeMilliseconds((long)(at * 1000)).ToString("HH:mm:ss.fff");

    private void End(Packet packet, Exchange exchange)
    {
        foreach (var lease in packet.Leases)
        {
            if (Find(lease.Resource, packet.Client) is { Ended: null } grant && grant.Until > packet.At)
            {
                grant.Ended = packet.At;
                grant.Ending = exchange;
            }
        }
    }

    private void TakeEnd(Packet packet, Exchange exchange, AssociationSeen association)
    {
        foreach (var grant in grants.Values.SelectMany(static g => g).Where(g => g.Ending == exchange && g.IsOf(packet, association)))
        {
            // After several copies NoBinding may be the answer to the second one.
            if (association.Status == NoBinding && exchange.Sent == 1 && grant.Until > packet.At + Tolerance)
                Report(Rule.Forgotten, packet.At, grant.Resource, $"{packet.Client} had {grant.Resource} until {Text(grant.Until)} and was told that it has nothing", [.. Evidence(grant.Resource), packet]);
        }

        if (association.Status == 0 && packet.Status == 0)
            exchange.Confirmed = true;
    }

    private void TakeReply(Packet packet, Exchange exchange, AssociationSeen association, bool current)
    {
        if (association.Status is NoBinding or NoAddrsAvail or NoPrefixAvail)
        {
            foreach (var grant in grants.Values.SelectMany(static g => g).Where(g => g.IsOf(packet, association) && g.From < exchange.FirstSent && g.IsAliveAt(packet.At)))
                Report(Rule.Forgotten, packet.At, grant.Resource, $"{packet.Client} has {grant.Resource} until {Text(grant.Until)} and was told status {association.Status}", [.. Evidence(grant.Resource), packet]);
        }

        foreach (var lease in association.Leases)
        {
            if (lease.Valid > 0)
            {
                if (current && exchange.CanGrant)
                    TakeGrant(packet, exchange, association, lease);
            }
            else if (Find(lease.Resource, packet.Client) is { Ended: null } grant)
            {
                grant.Ended = Math.Max(grant.From, exchange.FirstSent);
            }
        }
    }

    private void TakeGrant(Packet packet, Exchange exchange, AssociationSeen association, LeaseSeen lease)
    {
        Granted++;
        if (!grants.TryGetValue(lease.Resource, out var all))
            grants[lease.Resource] = all = [];
        foreach (var other in grants.Where(g => g.Key.Overlaps(lease.Resource)).SelectMany(static g => g.Value)
            .Where(g => g.Client != packet.Client))
        {
            if (other.IsAliveAt(packet.At))
                Report(Rule.GrantedTwice, packet.At, lease.Resource,
                    $"{lease.Resource} was granted to {packet.Client} while {other.Client} had {other.Resource} until {Text(other.Until)}",
                    Evidence(lease.Resource));
            else if (other.Ended is null && other.Believed > packet.At + Tolerance)
                LateOverlaps++;
        }

        var mine = all.Find(g => g.Client == packet.Client);
        if (mine is null || !mine.IsAliveAt(packet.At))
        {
            if (all.Exists(g => g.Client != packet.Client))
                Reused++;
            all.Remove(mine!);
            all.Add(mine = new Grant(lease.Resource, packet.Client, packet.Link, association.Type, association.Id, packet.At));
        }

        var until = Math.Min(packet.At, exchange.FirstSent + Tolerance) + lease.Valid;
        mine.Until = exchange == mine.Exchange ? Math.Max(mine.Until, until) : until;
        mine.Believed = Math.Max(mine.Until, packet.At + lease.Valid);
        mine.Exchange = exchange;
    }

    private Grant? Find(Resource resource, string client) => grants.TryGetValue(resource, out var all) ? all.Find(g => g.Client == client) : null;

    private List<Packet> Evidence(Resource resource) => [.. packets.Where(p => p.Leases.Any(l => l.Resource.Overlaps(resource)))
        .TakeLast(14)];

    private void ReportAt(Rule rule, double at, Resource resource, string text) => Report(rule, at, resource, text, Evidence(resource));

    private void Report(Rule rule, double at, Resource resource, string text, IReadOnlyList<Packet> evidence) => violations.Add(new Violation(rule, at, resource, text, evidence));

    /// <summary>What a client sent with one transaction id, and how often it was answered.</summary>
    private sealed class Exchange(Kind kind, double firstSent, bool rapid)
    {
        public Kind Kind { get; } = kind;

        public double FirstSent { get; } = firstSent;

        public int Sent { get; set; }

        public int Replies { get; set; }

        public bool Confirmed { get; set; }

        public bool CanGrant => Kind is Kind.Request or Kind.Renew or Kind.Rebind || (Kind == Kind.Solicit && rapid);
    }

    private sealed class Grant(Resource resource, string client, IPAddress link, int type, uint id, double from)
    {
        public Resource Resource { get; } = resource;

        public string Client { get; } = client;

        public IPAddress Link { get; } = link;

        public double From { get; } = from;

        public double Until { get; set; }

        /// <summary>Until when its client takes it to be its own.</summary>
        public double Believed { get; set; }

        public double? Ended { get; set; }

        public Exchange? Ending { get; set; }

        public Exchange? Exchange { get; set; }

        public bool IsAliveAt(double at) => Ended is null && Until > at + Tolerance;

        public bool IsOf(Packet packet, AssociationSeen association)
            => Client == packet.Client && Link.Equals(packet.Link) && type == association.Type && id == association.Id;
    }
}
