using System.Net;
using System.Net.Sockets;
using Lease.Storage.Postgres;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>Lease.storage</c>, <c>Lease.node</c> and <c>Lease.cluster</c>: where everything is kept, and who serves it.</summary>
internal static class NodeReader
{
    private const int ShardsOfFile = 16;
    private const int ShardsOfCluster = 64;
    private const string ExampleConnection = "\"Host=db1,db2;Database=lease;Username=lease\"";

    public static StorageConfiguration ReadStorage(ConfigurationNode lease)
    {
        string? connection = null;
        var isShared = false;
        Guid? clusterId = null;
        var maxClockGap = TimeSpan.FromDays(1);
        if (lease.Object("storage") is { } storage)
        {
            isShared = storage.Choice("type", "sqlite", "postgresql") == "postgresql";
            connection = storage.Text("connection");
            if (isShared && string.IsNullOrWhiteSpace(connection))
                storage.Error("connection", $"is missing: name the database, as in {ExampleConnection}");
            else if (isShared && PostgresStoreOptions.Check(connection!) is { } problem)
                storage.Error("connection", $"{problem}; name the database as in {ExampleConnection}");
            else if (!isShared && connection is not null)
                storage.Error("connection", "is of no use unless \"type\" is \"postgresql\"");
            clusterId = storage.Parsed<Guid>("cluster-id", Guid.TryParse, "the cluster's id, as the log says it when a node starts");
            if (!isShared && storage.Has("cluster-id"))
                storage.Error("cluster-id", "is of no use unless \"type\" is \"postgresql\"");
            maxClockGap = storage.Seconds("max-clock-gap", maxClockGap, least: 60);
            if (isShared && storage.Has("max-clock-gap"))
                storage.Error("max-clock-gap", "is of no use with \"postgresql\": leases go by the database's clock");
            storage.RefuseUnknown();
        }

        var shards = isShared ? ShardsOfCluster : ShardsOfFile;
        if (lease.Object("cluster") is { } cluster)
        {
            shards = (int)(cluster.Number("shards", 1, 1024) ?? (uint)shards);
            cluster.RefuseUnknown();
        }

        return new StorageConfiguration(isShared ? connection : null, shards) { ClusterId = clusterId, MaxClockGap = maxClockGap };
    }

    public static NodeConfiguration ReadNode(ConfigurationNode lease, StorageConfiguration storage)
    {
        if (lease.Object("node") is not { } node)
            return new NodeConfiguration(Environment.MachineName, Link: null);
        var id = node.Text("id") is { Length: > 0 } given ? given : Environment.MachineName;
        if (id.Length > 255 || id.Any(char.IsControl))
            node.Wrong("id", "a name of at most 255 characters, without control characters");
        var tls = node.Object("tls") is { } files ? TlsReader.Read(files) : null;
        var address = node.Text("address");
        NodeLinkConfiguration? link = null;
        if (address is not null && !(IPEndPoint.TryParse(address, out var parsed) && parsed is { AddressFamily: AddressFamily.InterNetworkV6, Port: > 0 } && !parsed.Address.Equals(IPAddress.IPv6Any)))
            node.Wrong("address", "an IPv6 address of this host that other nodes reach, with a TCP port, as in \"[2001:db8::1]:5480\"");
        else if (address is not null && tls is null && !node.Has("tls"))
            node.Error("address", "needs \"tls\" beside it: nodes talk with certificates only (\"lease cluster init\" makes them)");
        else if (address is not null && tls is not null)
            link = new NodeLinkConfiguration(IPEndPoint.Parse(address), tls);
        else if (tls is not null && address is null)
            node.Error("tls", "is of no use without \"address\"");
        if (link is not null && storage.PostgresConnection is null)
            node.Warn("address", "has no effect: a SQLite file has one node only");
        else if (link is null && address is null && storage.PostgresConnection is not null)
            node.Warn("address is missing: packets that come in here for another node's clients are dropped, and theirs there");
        var rehearses = node.Flag("rehearsal") ?? true;
        node.RefuseUnknown();
        return new NodeConfiguration(id, link) { Rehearses = rehearses };
    }
}
