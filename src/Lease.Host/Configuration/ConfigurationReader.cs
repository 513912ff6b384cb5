using Lease.Actors.Configuration;
using Lease.Protocol;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Configuration;

/// <summary>Reads a configuration file in Kea's dialect. All problems are reported at once, each with its place.</summary>
internal sealed class ConfigurationReader
{
    private const string NoEffect = "is known to Kea and has no effect here";
    private const string OwnStorage = "has no effect: Lease keeps leases in its own storage (Lease.storage, --data)";

    private readonly ProblemList problems;

    private ConfigurationReader(string file) => problems = new ProblemList(file);

    /// <summary>Reads a file's text.</summary>
    public static ConfigurationResult Read(string text, string file)
    {
        var reader = new ConfigurationReader(file);
        LeaseConfiguration? configuration = null;
        try
        {
            configuration = reader.ReadFile(new ConfigurationNode(JsonParser.Parse(text), "", reader.problems));
        }
        catch (JsonSyntaxException e)
        {
            reader.problems.Add(Severity.Error, e.Line, e.Column, "", e.Message);
        }

        return new ConfigurationResult(reader.problems.HasErrors ? null : configuration, [.. reader.problems.Problems.OrderBy(static p => p.Line)]);
    }

    private LeaseConfiguration? ReadFile(ConfigurationNode root)
    {
        var lease = root.Object("Lease") ?? ConfigurationNode.Empty(problems);
        var dhcp6 = root.Object("Dhcp6");
        root.WithoutEffect("is not served yet", "Dhcp4");
        root.WithoutEffect(NoEffect, "Control-agent", "DhcpDdns", "Logging");
        root.RefuseUnknown();
        var shards = (int)(lease.Object("cluster") is { } cluster ? ReadShards(cluster) : 16);
        var node = lease.Object("node");
        var nodeId = node?.Text("id") is { Length: > 0 } id ? id : Environment.MachineName;
        node?.RefuseUnknown();
        if (lease.Object("storage") is { } storage)
        {
            storage.Choice("type", "sqlite");
            storage.RefuseUnknown();
        }

        var serverPort = (int)(lease.Number("server-port", 0, ushort.MaxValue) ?? 547);
        var clientPort = (int)(lease.Number("client-port", 0, ushort.MaxValue) ?? 546);
        var ownLeasequery = lease.Object("leasequery");
        var leasequery = new LeasequeryReader(serverPort).Read(ownLeasequery);
        lease.WithoutEffect("has no effect yet", "admin");
        lease.RefuseUnknown();
        if (dhcp6 is null)
        {
            root.Error("Dhcp6 is missing: there is nothing to serve");
            return null;
        }

        leasequery = KeaLeasequeryHook.Apply(dhcp6, leasequery, hasOwn: ownLeasequery?.Has("requestors") == true);
        var (service, level) = new Dhcp6Reader(dhcp6, shards, serverPort, clientPort, leasequery.RetentionAge).Read();
        return new LeaseConfiguration(service, leasequery, nodeId, shards, level);
    }

    private static uint ReadShards(ConfigurationNode cluster)
    {
        var shards = cluster.Number("shards", 1, 1024) ?? 16;
        cluster.RefuseUnknown();
        return shards;
    }

    /// <summary>Reads the <c>Dhcp6</c> object.</summary>
    private sealed class Dhcp6Reader(ConfigurationNode node, int shards, int serverPort, int clientPort, TimeSpan retention)
    {
        private readonly OptionDataReader options = new();

        public (Dhcp6Configuration Configuration, LogLevel? LogLevel) Read()
        {
            options.Definitions.Read(node);
            var global = LevelSettings.Read(node, new LevelSettings(), options, selectors: false);
            var subnets = new SubnetReader(shards, options);
            var links = subnets.ReadLinks(node, global);
            var defaults = new Dhcp6Configuration { Interfaces = [], Links = [], Options = OptionSet.Empty, Reservations = ReservationTable.Empty };
            var offerLifetime = node.Number("offer-lifetime") is { } offer and > 0 ? TimeSpan.FromSeconds(offer) : defaults.OfferLifetime;
            var configuration = new Dhcp6Configuration
            {
                Interfaces = ReadInterfaces(),
                ServerPort = serverPort,
                ClientPort = clientPort,
                ServerDuid = node.Object("server-id") is { } serverId ? ServerIdReader.Read(serverId) : null,
                Links = links,
                Options = global.Options,
                Reservations = new ReservationReader(options).Read(node, subnet: null),
                ReservationIdentifiers = ReadIdentifiers(defaults.ReservationIdentifiers),
                DeclineProbation = TimeSpan.FromSeconds(node.Number("decline-probation-period") ?? (uint)defaults.DeclineProbation.TotalSeconds),
                HoldEndedBinding = Longer(ReadHold(defaults.HoldEndedBinding), retention),
                OfferLifetime = offerLifetime,
                RelaySuppliedOptions = ReadRelaySupplied(defaults.RelaySuppliedOptions),
                OptionDefinitions = options.Definitions.Defined,
            };
            var level = ReadLoggers();
            NameWithoutEffect();
            node.RefuseUnknown();
            return (configuration, level);
        }

        private List<ListenInterface> ReadInterfaces()
        {
            var interfaces = new List<ListenInterface>();
            if (node.Object("interfaces-config") is not { } section)
            {
                node.Error("interfaces-config is missing: name the interfaces to listen on, or \"*\"");
                return interfaces;
            }

            foreach (var text in section.Texts("interfaces"))
            {
                var slash = text.IndexOf('/', StringComparison.Ordinal);
                if (text.Length == 0 || slash == 0)
                    section.Error("interfaces", $"\"{text}\" names no interface");
                else if (slash < 0)
                    interfaces.Add(new ListenInterface(text, Unicast: null));
                else if (Ipv6Address.TryParse(text[(slash + 1)..], out var address))
                    interfaces.Add(new ListenInterface(text[..slash], address));
                else
                    section.Error("interfaces", $"\"{text}\" must be an interface, INTERFACE/ADDRESS or *");
            }

            foreach (var twice in interfaces.GroupBy(static i => i).Where(static g => g.Skip(1).Any()))
                section.Error("interfaces", $"{twice.Key.Name} is named twice");
            section.WithoutEffect(NoEffect, "re-detect", "service-sockets-max-retries", "service-sockets-retry-wait-time", "service-sockets-require-all");
            section.RefuseUnknown();
            if (interfaces.Count == 0)
                section.Warn("interfaces", "names no interface: nothing is served");
            return interfaces;
        }

        private IReadOnlyList<ReservationIdentifier> ReadIdentifiers(IReadOnlyList<ReservationIdentifier> defaults)
        {
            var identifiers = new List<ReservationIdentifier>();
            foreach (var name in node.Texts("host-reservation-identifiers"))
            {
                if (name == "duid")
                    identifiers.Add(ReservationIdentifier.Duid);
                else if (name == "hw-address")
                    identifiers.Add(ReservationIdentifier.HardwareAddress);
                else if (name == "flex-id")
                    node.Warn("host-reservation-identifiers", "flex-id identifies nobody here");
                else
                    node.Error("host-reservation-identifiers", $"\"{name}\" must be duid or hw-address");
            }

            if (identifiers.Distinct().Count() < identifiers.Count)
                node.Error("host-reservation-identifiers", "names an identifier twice");
            return identifiers.Count > 0 ? identifiers : defaults;
        }

        private TimeSpan ReadHold(TimeSpan usual)
        {
            if (node.Object("expired-leases-processing") is not { } section)
                return usual;
            var hold = section.Number("hold-reclaimed-time");
            section.WithoutEffect(
                "has no effect: ended leases are found every second, without a limit on the number",
                "reclaim-timer-wait-time", "flush-reclaimed-timer-wait-time", "max-reclaim-leases", "max-reclaim-time", "unwarned-reclaim-cycles");
            section.RefuseUnknown();
            return hold is { } seconds ? TimeSpan.FromSeconds(seconds) : usual;
        }

        // A requestor that comes back within the retention is told of what ended meanwhile: so it must still be known.
        private static TimeSpan Longer(TimeSpan hold, TimeSpan retention) => hold > retention ? hold : retention;

        private IReadOnlySet<ushort> ReadRelaySupplied(IReadOnlySet<ushort> defaults)
        {
            if (!node.Has("relay-supplied-options"))
                return defaults;
            var codes = new HashSet<ushort>();
            foreach (var text in node.Texts("relay-supplied-options"))
            {
                if (ushort.TryParse(text, out var code) && code > 0)
                    codes.Add(code);
                else if (StandardOptions.All.FirstOrDefault(o => o.Space == StandardOptions.Dhcp6 && o.Name == text) is { } named)
                    codes.Add(named.Code);
                else
                    node.Error("relay-supplied-options", $"\"{text}\" is neither an option's code nor its name");
            }

            return codes;
        }

        private LogLevel? ReadLoggers()
        {
            LogLevel? level = null;
            foreach (var logger in node.Objects("loggers"))
            {
                logger.Text("name");
                var severity = logger.Text("severity")?.ToUpperInvariant();
                logger.Number("debuglevel", 0, 99);
                logger.WithoutEffect("has no effect: logs go to standard error", "output_options", "output-options");
                logger.RefuseUnknown();
                var named = severity switch
                {
                    null => (LogLevel?)null,
                    "DEBUG" => LogLevel.Debug,
                    "INFO" => LogLevel.Information,
                    "WARN" => LogLevel.Warning,
                    "ERROR" or "FATAL" => LogLevel.Error,
                    "NONE" => LogLevel.None,
                    _ => null,
                };
                if (severity is not null && named is null)
                    logger.Wrong("severity", "FATAL, ERROR, WARN, INFO, DEBUG or NONE");
                level ??= named;
            }

            return level;
        }

        private void NameWithoutEffect()
        {
            node.WithoutEffect(OwnStorage, "lease-database");
            node.WithoutEffect(
                NoEffect,
                "client-classes", "control-socket", "control-sockets", "multi-threading", "sanity-checks", "dhcp4o6-port", "dhcp-queue-control", "dhcp-ddns",
                "ddns-send-updates", "ddns-override-no-update", "ddns-override-client-update", "ddns-replace-client-name", "ddns-generated-prefix", "ddns-qualifying-suffix",
                "ddns-update-on-renew", "ddns-use-conflict-resolution", "ddns-conflict-resolution-mode", "ddns-ttl", "ddns-ttl-percent", "ddns-ttl-min", "ddns-ttl-max",
                "hostname-char-set", "hostname-char-replacement", "statistic-default-sample-count", "statistic-default-sample-age", "hosts-database", "hosts-databases",
                "config-control", "config-databases", "server-tag", "parked-packet-limit", "early-global-reservations-lookup", "ip-reservations-unique",
                "reservations-lookup-first", "mac-sources", "compatibility", "data-directory", "allocator", "pd-allocator", "adaptive-lease-time-threshold", "Logging");
        }
    }
}
