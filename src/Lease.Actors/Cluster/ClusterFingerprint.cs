using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lease.Actors.Configuration;

namespace Lease.Actors.Cluster;

/// <summary>What the nodes of a cluster must agree on, in short: which bindings and leases there can be. Two nodes that differ here could give the same address to two clients' links.</summary>
public static class ClusterFingerprint
{
    // Changes with what a node writes into the tables.
    private const string Version = "lease 1";

    /// <summary>The fingerprint of a configuration.</summary>
    public static string Of(Dhcp6Configuration dhcp6, Dhcp4Configuration? dhcp4, int shardCount)
    {
        var text = new StringBuilder(Version).Append(CultureInfo.InvariantCulture, $"; {shardCount} shards");
        text.Append("; server-id ").Append(dhcp6.ServerDuid is { } duid ? Convert.ToHexStringLower(duid) : "stored");
        Append(text, "Dhcp6", dhcp6);
        if (dhcp4 is not null)
            Append(text, "Dhcp4", dhcp4);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16));
    }

    // The order in the file decides what is tried first, not what there is.
    private static void Append(StringBuilder text, string name, ServiceConfiguration configuration)
    {
        foreach (var link in configuration.Links.OrderBy(static l => l.Name, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{name} {link.Name}");
            foreach (var subnet in link.Subnets.OrderBy(static s => s.Id))
            {
                text.Append(CultureInfo.InvariantCulture, $"\n {subnet.Id} {subnet.Prefix}");
                if (subnet.Guard is { } guard)
                    text.Append(" for ").Append(guard);
                foreach (var pool in subnet.Pools.Concat<Pool>(subnet.PrefixPools).Select(TextOf).Order(StringComparer.Ordinal))
                    text.Append("\n  ").Append(pool);
            }
        }
    }

    // Nodes must agree on who may have what, too: else one would take away what another has given.
    private static string TextOf(Pool pool) => pool.Guard is { } guard ? $"{pool.Range.Id} for {guard}" : pool.Range.Id;
}
