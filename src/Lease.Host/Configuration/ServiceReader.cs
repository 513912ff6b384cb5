using System.Collections.Immutable;
using Lease.Actors.Configuration;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Configuration;

/// <summary>What the objects <c>Dhcp6</c> and <c>Dhcp4</c> have in common.</summary>
internal abstract class ServiceReader(ConfigurationNode node, OptionUniverse universe, IpFamily family)
{
    public const string NoEffect = "is known to Kea and has no effect here";
    private const string OwnStorage = "has no effect: Lease keeps leases in its own storage (Lease.storage, --data)";

    protected ConfigurationNode Node { get; } = node;

    protected OptionDataReader Options { get; } = new(universe);

    protected ClassRegistry Classes { get; } = new();

    // Names that the rest refers to come first.
    protected void ReadDefinitions()
    {
        Options.Definitions.Read(Node);
        new ClientClassReader(Classes, Options, universe, family).Read(Node);
    }

    protected int ReadDhcp4o6Port() => (int)(Node.Number("dhcp4o6-port", 0, ushort.MaxValue - 1) ?? 0);

    protected TimeSpan ReadOfferLifetime(TimeSpan usual) => Node.Number("offer-lifetime") is { } offer and > 0 ? TimeSpan.FromSeconds(offer) : usual;

    protected ImmutableArray<ReservationIdentifier> ReadIdentifiers(
        ImmutableArray<ReservationIdentifier> defaults, params (string Name, ReservationIdentifier Identifier)[] allowed)
    {
        var identifiers = new List<ReservationIdentifier>();
        foreach (var name in Node.Texts("host-reservation-identifiers"))
        {
            var index = Array.FindIndex(allowed, a => a.Name == name);
            if (index >= 0)
                identifiers.Add(allowed[index].Identifier);
            else if (name == "flex-id")
                Node.Warn("host-reservation-identifiers", "flex-id identifies nobody here");
            else
                Node.Error("host-reservation-identifiers", $"\"{name}\" must be one of {string.Join(", ", allowed.Select(static a => a.Name))}");
        }

        if (identifiers.Distinct().Count() < identifiers.Count)
            Node.Error("host-reservation-identifiers", "names an identifier twice");
        return identifiers.Count > 0 ? [.. identifiers] : defaults;
    }

    protected TimeSpan ReadHold(TimeSpan usual)
    {
        if (Node.Object("expired-leases-processing") is not { } section)
            return usual;
        var hold = section.Number("hold-reclaimed-time");
        section.WithoutEffect(
            "has no effect: ended leases are found every second, without a limit on the number",
            "reclaim-timer-wait-time", "flush-reclaimed-timer-wait-time", "max-reclaim-leases", "max-reclaim-time", "unwarned-reclaim-cycles");
        section.RefuseUnknown();
        return hold is { } seconds ? TimeSpan.FromSeconds(seconds) : usual;
    }

    // A requestor that comes back within the retention is told of what ended meanwhile: so it must still be known.
    protected static TimeSpan Longer(TimeSpan hold, TimeSpan retention) => hold > retention ? hold : retention;

    protected LogLevel? ReadLoggers()
    {
        LogLevel? level = null;
        foreach (var logger in Node.Objects("loggers"))
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

    protected void NameWithoutEffect()
    {
        Node.WithoutEffect(OwnStorage, "lease-database");
        Node.WithoutEffect(
            NoEffect,
            "control-socket", "control-sockets", "multi-threading", "sanity-checks", "dhcp-queue-control", "dhcp-ddns",
            "ddns-send-updates", "ddns-override-no-update", "ddns-override-client-update", "ddns-replace-client-name", "ddns-generated-prefix", "ddns-qualifying-suffix",
            "ddns-update-on-renew", "ddns-use-conflict-resolution", "ddns-conflict-resolution-mode", "ddns-ttl", "ddns-ttl-percent", "ddns-ttl-min", "ddns-ttl-max",
            "hostname-char-set", "hostname-char-replacement", "statistic-default-sample-count", "statistic-default-sample-age", "hosts-database", "hosts-databases",
            "config-control", "config-databases", "server-tag", "parked-packet-limit", "early-global-reservations-lookup", "ip-reservations-unique",
            "reservations-lookup-first", "mac-sources", "compatibility", "data-directory", "allocator", "pd-allocator", "adaptive-lease-time-threshold", "Logging");
    }
}
