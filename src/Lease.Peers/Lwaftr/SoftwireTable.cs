using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Peers.Lwaftr;

/// <summary>An entry of an lwAFTR's binding table (RFC 7596 section 6.1).</summary>
/// <param name="Address">The IPv4 address.</param>
/// <param name="Ports">The port set; of length 0 for a whole address.</param>
/// <param name="Source">The client's tunnel source address.</param>
public sealed record Softwire(Ipv4Address Address, PortParameters Ports, Ipv6Address Source);

/// <summary>The binding table of an lwAFTR, made of what leasequery tells. For one thread at a time.</summary>
/// <param name="time">The clock by which leases end that nobody tells the end of.</param>
public sealed class SoftwireTable(TimeProvider time)
{
    // How long after its lease an entry stays, when the server cannot be reached to ask.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    private readonly Dictionary<(Ipv4Address Address, PortParameters Ports), (Ipv6Address Source, DateTimeOffset Until)> entries = [];

    /// <summary>Entries.</summary>
    public int Count => entries.Count;

    /// <summary>Leases told that have no tunnel source address: there is no entry for them.</summary>
    public long WithoutSource { get; private set; }

    /// <summary>Takes what was told of a lease.</summary>
    /// <returns>Whether the table is another one now.</returns>
    public bool Apply(Ipv4Lease lease)
    {
        var key = (lease.Address, lease.Ports ?? default);
        if (lease.Remaining is not { } remaining)
            return entries.Remove(key);
        if (lease.TunnelSource is not { } source)
        {
            WithoutSource++;
            return entries.Remove(key);
        }

        var until = remaining == uint.MaxValue ? DateTimeOffset.MaxValue : time.GetUtcNow().AddSeconds(remaining) + Grace;
        var changed = !entries.TryGetValue(key, out var known) || known.Source != source;
        entries[key] = (source, until);
        return changed;
    }

    /// <summary>Takes out what ended long ago without anybody telling.</summary>
    /// <returns>Whether the table is another one now.</returns>
    public bool Prune()
    {
        var now = time.GetUtcNow();
        var ended = entries.Where(e => e.Value.Until < now).Select(static e => e.Key).ToList();
        foreach (var key in ended)
            entries.Remove(key);
        return ended.Count > 0;
    }

    /// <summary>The entries in the order of address and PSID.</summary>
    public IReadOnlyList<Softwire> ToList()
        => [.. entries.Select(static e => new Softwire(e.Key.Address, e.Key.Ports, e.Value.Source)).OrderBy(static s => s.Address).ThenBy(static s => s.Ports.Psid)];
}
