using Lease.Actors.Configuration;
using Lease.Protocol;

namespace Lease.Host.Configuration;

/// <summary>Kea's way to configure leasequery: an entry of <c>hooks-libraries</c> for <c>libdhcp_lease_query.so</c>.</summary>
internal static class KeaLeasequeryHook
{
    private const string NoNeed = "has no effect: answers stream from the tables, and every relay's data is found";

    /// <summary>Adds to <paramref name="configuration"/> what the hook's entry names.</summary>
    public static LeasequeryConfiguration Apply(ConfigurationNode dhcp6, LeasequeryConfiguration configuration, bool hasOwn)
    {
        foreach (var (hook, parameters) in HookLibraries.Read(dhcp6, HookLibraries.Leasequery))
        {
            if (parameters is null)
                hook.Error("parameters is missing: name the \"requesters\"");
            else
                configuration = Read(parameters, configuration, hasOwn);
        }

        return configuration;
    }

    private static LeasequeryConfiguration Read(ConfigurationNode node, LeasequeryConfiguration configuration, bool hasOwn)
    {
        var sources = new List<Ipv6Prefix>();
        foreach (var text in node.Texts("requesters"))
        {
            if (LeasequeryReader.TryParseSource(text, out var source))
                sources.Add(source);
            else
                node.Error("requesters", $"\"{text}\" is not an address or prefix");
        }

        if (sources.Count == 0)
            node.Error("requesters", "names nobody");
        node.WithoutEffect("has no effect: delegated prefixes are found at any length", "prefix-lengths");
        var access = LeasequeryAccess.Udp;
        var tcp = configuration.Tcp;
        if (node.Object("advanced") is { } advanced)
        {
            access |= advanced.Flag("bulk-query-enabled") == true ? LeasequeryAccess.Bulk : LeasequeryAccess.None;
            access |= advanced.Flag("active-query-enabled") == true ? LeasequeryAccess.Active : LeasequeryAccess.None;
            tcp = ReadTcp(advanced, tcp);
            advanced.WithoutEffect(NoNeed, "extended-info-tables-enabled", "max-bulk-query-threads", "max-leases-per-fetch");
            advanced.RefuseUnknown();
        }

        node.RefuseUnknown();
        var requestors = sources.Select(s => new Requestor(s) { Access = access });
        return configuration with { Tcp = tcp, Requestors = hasOwn ? [.. configuration.Requestors, .. requestors] : [.. requestors] };
    }

    private static LeasequeryTcp ReadTcp(ConfigurationNode node, LeasequeryTcp usual) => usual with
    {
        Addresses = [node.Address("lease-query-ip") ?? default],
        Port = (int)(node.Number("lease-query-tcp-port", 0, ushort.MaxValue) ?? (uint)usual.Port),
        MaxConnectionsPerRequestor = (int)(node.Number("max-requester-connections", 1, 100_000) ?? (uint)usual.MaxConnectionsPerRequestor),
        MaxQueries = node.Number("max-concurrent-queries", 0, 1000) is { } queries and > 0 ? (int)queries : usual.MaxQueries,
        IdleTimeout = node.Seconds("max-requester-idle-time", usual.IdleTimeout),
    };
}
