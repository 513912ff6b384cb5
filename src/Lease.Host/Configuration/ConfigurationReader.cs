using Lease.Actors.Configuration;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Configuration;

/// <summary>Reads a configuration file in Kea's dialect. All problems are reported at once, each with its place.</summary>
internal sealed class ConfigurationReader
{
    private readonly ProblemList problems = new();

    private ConfigurationReader()
    {
    }

    /// <summary>Reads a file's text, and the files that it includes.</summary>
    public static ConfigurationResult Read(string text, string file)
    {
        var reader = new ConfigurationReader();
        LeaseConfiguration? configuration = null;
        try
        {
            configuration = reader.ReadFile(new ConfigurationNode(JsonParser.Parse(text, file), "", reader.problems));
        }
        catch (JsonSyntaxException e)
        {
            reader.problems.Add(Severity.Error, e.Place, "", e.Message);
        }

        return new ConfigurationResult(reader.problems.HasErrors ? null : configuration, reader.problems.InOrder(file));
    }

    private LeaseConfiguration? ReadFile(ConfigurationNode root)
    {
        var lease = root.Object("Lease") ?? root.Empty();
        var dhcp6 = root.Object("Dhcp6");
        var dhcp4 = root.Object("Dhcp4");
        root.WithoutEffect(ServiceReader.NoEffect, "Control-agent", "DhcpDdns", "Logging");
        root.RefuseUnknown();
        var storage = NodeReader.ReadStorage(lease);
        var node = NodeReader.ReadNode(lease, storage);
        var serverPort = (int)(lease.Number("server-port", 0, ushort.MaxValue) ?? 547);
        var clientPort = (int)(lease.Number("client-port", 0, ushort.MaxValue) ?? 546);
        var declinedLimit = lease.Number("declined-limit", 1, 65_536);
        var ownLeasequery = lease.Object("leasequery");
        var leasequery = new LeasequeryReader(serverPort).Read(ownLeasequery);
        lease.WithoutEffect("has no effect yet", "admin");
        lease.RefuseUnknown();
        (Dhcp4Configuration Configuration, LogLevel? LogLevel)? service4 = dhcp4 is null
            ? null
            : new Dhcp4Reader(dhcp4, storage.Shards, leasequery.RetentionAge, declinedLimit).Read();
        if (dhcp6 is null)
            return service4 is var (engine, engineLevel) ? BehindOther(root, engine, leasequery, node, storage, engineLevel) : Missing(root);
        leasequery = KeaLeasequeryHook.Apply(dhcp6, leasequery, hasOwn: ownLeasequery?.Has("requestors") == true);
        var reader6 = new Dhcp6Reader(dhcp6, storage.Shards, serverPort, clientPort, leasequery.RetentionAge, declinedLimit);
        var (service, level) = reader6.Read();
        if (service4 is not null && service.Dhcp4o6Port != 0)
            dhcp6.Warn("dhcp4o6-port", "has no effect: this program serves Dhcp4 itself");
        return new LeaseConfiguration(service, service4?.Configuration, leasequery, node, storage, level ?? service4?.LogLevel);
    }

    private static LeaseConfiguration? Missing(ConfigurationNode root)
    {
        root.Error("Dhcp6 is missing: there is nothing to serve");
        return null;
    }

    // A DHCPv4 engine alone: another program's DHCPv6 server hands it its messages.
    private static LeaseConfiguration? BehindOther(
        ConfigurationNode root, Dhcp4Configuration engine, LeasequeryConfiguration leasequery, NodeConfiguration node, StorageConfiguration storage, LogLevel? level)
    {
        if (engine.Dhcp4o6Port == 0)
        {
            root.Error("Dhcp6 is missing: give it, or Dhcp4.dhcp4o6-port to serve behind another program's DHCPv6 server");
            return null;
        }

        var none = new Dhcp6Configuration { Interfaces = [], Links = [], Options = OptionSet.Empty, Reservations = ReservationTable.Empty };
        return new LeaseConfiguration(none, engine, leasequery, node, storage, level);
    }
}
