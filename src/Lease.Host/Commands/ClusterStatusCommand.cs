using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;
using Lease.Storage.Postgres;

namespace Lease.Host.Commands;

/// <summary><c>lease cluster status</c>: nodes, shards, epochs and lag, as the database knows them. It asks the database alone, so it works when no node does.</summary>
internal static class ClusterStatusCommand
{
    public static Command Create()
    {
        var config = new Option<string>("--config") { Description = "a node's configuration file", Required = true };
        var shards = new Option<bool>("--shards") { Description = "a line for each shard too" };
        var json = new Option<bool>("--json") { Description = "for programs: one JSON object" };
        var command = new Command("status", "show nodes, shards, epochs and lag") { config, shards, json };
        command.SetAction(parsed => Run(parsed.GetValue(config)!, parsed.GetValue(shards), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string file, bool withShards, bool json)
    {
        var result = ConfigurationFile.Read(file);
        if (result.Configuration?.Storage.PostgresConnection is not { } connection)
        {
            Console.Error.WriteLine(result.Configuration is null ? string.Join('\n', result.Problems) : $"{file}: storage is not of type \"postgresql\": there is no cluster");
            return ExitCode.Failed;
        }

        try
        {
            var report = ClusterReport.Read(new PostgresStoreOptions { Connection = connection });
            if (json)
                PrintJson(report);
            else
                PrintTables(report, withShards);
            return report.View.Shards.All(s => IsServed(report, s)) ? ExitCode.Done : ExitCode.Failed;
        }
        catch (IOException e)
        {
            Console.Error.WriteLine(OctetText.Escape(e.Message));
            return ExitCode.Failed;
        }
    }

    private static bool IsServed(ClusterReport report, ShardOwnership shard) => report.View.Nodes.Any(n => n.NodeId == shard.Owner && n.IsAlive);

    private static string StateOf(NodeStatus node) => node.IsAlive ? node.State.ToString().ToLowerInvariant() : "dead";

    private static void PrintTables(ClusterReport report, bool withShards)
    {
        var view = report.View;
        Console.WriteLine($"cluster {report.ClusterId} at {report.Server}: {view.Shards.Count(s => IsServed(report, s))} of {view.Shards.Count} shards are served");
        var agreed = view.Nodes.Where(static n => n is { IsAlive: true, State: NodeState.Up }).Select(static n => n.Fingerprint).FirstOrDefault();
        Console.WriteLine($"\n{"NODE",-20} {"STATE",-8} {"SHARDS",6} {"SILENT",8} {"START",6} {"CONFIGURATION",-13} LINK");
        foreach (var node in view.Nodes)
        {
            var owned = view.Shards.Count(s => s.Owner == node.NodeId);
            var agrees = node.Fingerprint == agreed ? "agrees" : "differs";
            Print($"{node.NodeId,-20} {StateOf(node),-8} {owned,6} {node.Silence.TotalSeconds,6:0.0} s {node.Incarnation,6} {agrees,-13} {(node.Address.Length == 0 ? "none" : node.Address)}");
        }

        if (report.Replicas.Count > 0)
            Console.WriteLine($"\n{"REPLICA",-20} {"STATE",-10} {"SYNCHRONOUS",-11} {"LAG",8} {"OCTETS BEHIND",13}");
        foreach (var replica in report.Replicas)
            Print($"{replica.Name,-20} {replica.State,-10} {replica.Synchronous,-11} {replica.Lag.TotalMilliseconds,5:0} ms {replica.OctetsBehind,13}");
        if (!withShards)
            return;
        Console.WriteLine($"\n{"SHARD",5} {"OWNER",-20} {"EPOCH",6} {"EVENTS",10} LAST CHANGE");
        foreach (var shard in view.Shards)
        {
            var events = report.Shards[shard.Shard];
            var changed = events.ChangedAt == 0 ? "never" : DateTimeOffset.FromUnixTimeMilliseconds(events.ChangedAt).ToString("u", CultureInfo.InvariantCulture);
            Print($"{shard.Shard,5} {shard.Owner ?? "nobody",-20} {shard.Epoch,6} {events.LastSequence,10} {changed}");
        }
    }

    private static void Print(FormattableString line) => Console.WriteLine(OctetText.Escape(line.ToString(CultureInfo.InvariantCulture)));

    private static void PrintJson(ClusterReport report) => Console.WriteLine(JsonSerializer.Serialize(new
    {
        cluster = report.ClusterId,
        server = report.Server,
        nodes = report.View.Nodes.Select(n => new
        {
            node = n.NodeId,
            state = StateOf(n),
            shards = report.View.Shards.Count(s => s.Owner == n.NodeId),
            silenceMs = (long)n.Silence.TotalMilliseconds,
            incarnation = n.Incarnation,
            link = n.Address,
            fingerprint = n.Fingerprint,
        }),
        shards = report.View.Shards.Select(s => new
        {
            shard = s.Shard,
            owner = s.Owner,
            served = IsServed(report, s),
            epoch = s.Epoch,
            lastSequence = report.Shards[s.Shard].LastSequence,
            changedAt = report.Shards[s.Shard].ChangedAt,
        }),
        replicas = report.Replicas.Select(static r => new { name = r.Name, state = r.State, synchronous = r.Synchronous, lagMs = (long)r.Lag.TotalMilliseconds, octetsBehind = r.OctetsBehind }),
    }));
}
