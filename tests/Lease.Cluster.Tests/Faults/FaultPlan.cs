namespace Lease.Cluster.Tests.Faults;

/// <summary>A fault: when it begins, whom it hits, and how long it lasts where it ends by itself.</summary>
internal sealed record Fault(FaultKind Kind, TimeSpan At, TimeSpan Duration, string Node, string Other, bool MovesMirrors)
{
    /// <summary>How far the node's clock is ahead while it lasts, and how far afterwards.</summary>
    public (TimeSpan First, TimeSpan Then) Clock { get; init; }
}

/// <summary>What happens in a round; the seed decides everything.</summary>
internal sealed record FaultPlan(int Seed, IReadOnlyList<Fault> Faults, TimeSpan Traffic)
{
    private static readonly FaultKind[] Kinds = Enum.GetValues<FaultKind>();

    /// <summary>Nothing but what operators do on purpose: no exchange may fail by it. An outage may outlast the four transmissions of a RELEASE.</summary>
    public bool IsMaintenance => Faults.All(static f => f.Kind is FaultKind.RollingRestart or FaultKind.AddNode or FaultKind.StepClock or FaultKind.SetDatabaseBack);

    /// <summary>One or two faults, the first by turns, so that as many rounds as there are kinds have had each.</summary>
    public static FaultPlan Make(int seed, int nodes, TimeSpan traffic, params IReadOnlyList<FaultKind> wanted)
    {
        var random = new Random(seed);
        var kinds = wanted;
        if (kinds.Count == 0)
        {
            kinds = random.Next(2) == 0 ? [Kinds[Math.Abs(seed) % Kinds.Length]] : [Kinds[Math.Abs(seed) % Kinds.Length], Kinds[random.Next(Kinds.Length)]];

            // There is one replica, and one further node.
            if (kinds.Count == 2 && kinds[0] == kinds[1])
                kinds = [kinds[0]];

            // A node that joins with the old configuration keeps the others from serving with the new one.
            if (kinds.Contains(FaultKind.ChangeDelegatedLength) && kinds.Contains(FaultKind.AddNode))
                kinds = [FaultKind.ChangeDelegatedLength];
        }

        var last = traffic.TotalSeconds * 0.6;
        return new FaultPlan(seed, [.. kinds.Select(k => Make(k, random, nodes, last)).OrderBy(static f => f.At)], traffic);
    }

    // Seconds, minutes or most of an hour, ahead or behind; the certificates of the nodes' links allow no more.
    private static TimeSpan Step(Random random) => TimeSpan.FromSeconds((random.Next(2) == 0 ? 1 : -1) * Math.Round(Math.Pow(3000, random.NextDouble())));

    private static Fault Make(FaultKind kind, Random random, int nodes, double last)
    {
        var node = random.Next(nodes);
        var other = (node + 1 + random.Next(nodes - 1)) % nodes;
        var duration = kind == FaultKind.PauseNode ? 6 : 1.5 + (random.NextDouble() * 6);
        return new Fault(kind, TimeSpan.FromSeconds(1.5 + (random.NextDouble() * (last - 1.5))), TimeSpan.FromSeconds(duration), $"n{node + 1}", $"n{other + 1}", random.Next(2) == 0)
        {
            Clock = (Step(random), Step(random)),
        };
    }
}
