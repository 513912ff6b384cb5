using Lease.Actors.Configuration;
using Lease.Protocol;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Configuration;

/// <summary>Reads the <c>Dhcp6</c> object.</summary>
internal sealed class Dhcp6Reader(
    ConfigurationNode node, int shards, int serverPort, int clientPort, TimeSpan retention, uint? declinedLimit)
    : ServiceReader(node, OptionUniverse.Dhcp6, IpFamily.Ipv6)
{
    public (Dhcp6Configuration Configuration, LogLevel? LogLevel) Read()
    {
        ReadDefinitions();
        var global = LevelSettings.Read(Node, new LevelSettings(), Options, selectors: false, IpFamily.Ipv6);
        var space = new AddressSpace(IpFamily.Ipv6);
        var links = new SubnetReader(shards, Options, Classes, IpFamily.Ipv6, space).ReadLinks(Node, global, new Dhcp4Level());
        var defaults = new Dhcp6Configuration { Interfaces = [], Links = [], Options = OptionSet.Empty, Reservations = ReservationTable.Empty };
        var configuration = new Dhcp6Configuration
        {
            Dhcp4o6Port = ReadDhcp4o6Port(),
            Interfaces = ReadInterfaces(),
            ServerPort = serverPort,
            ClientPort = clientPort,
            ServerDuid = Node.Object("server-id") is { } serverId ? ServerIdReader.Read(serverId) : null,
            Links = [.. links],
            Options = global.Options,
            Reservations = new ReservationReader(Options, Classes, IpFamily.Ipv6, space).Read(Node, subnet: null),
            ReservationIdentifiers = ReadIdentifiers(defaults.ReservationIdentifiers, ("duid", ReservationIdentifier.Duid), ("hw-address", ReservationIdentifier.HardwareAddress)),
            DeclineProbation = TimeSpan.FromSeconds(Node.Number("decline-probation-period") ?? (uint)defaults.DeclineProbation.TotalSeconds),
            DeclinedLimit = declinedLimit,
            HoldEndedBinding = Longer(ReadHold(defaults.HoldEndedBinding), retention),
            OfferLifetime = ReadOfferLifetime(defaults.OfferLifetime),
            RelaySuppliedOptions = ReadRelaySupplied(defaults.RelaySuppliedOptions),
            OptionDefinitions = Options.Definitions.Defined,
            Classifier = Classes.Build(),
        };
        space.CheckReservations();
        var level = ReadLoggers();
        NameWithoutEffect();
        Node.RefuseUnknown();
        return (configuration, level);
    }

    private List<ListenInterface> ReadInterfaces()
    {
        var interfaces = new List<ListenInterface>();
        if (Node.Object("interfaces-config") is not { } section)
        {
            Node.Error("interfaces-config is missing: name the interfaces to listen on, or \"*\"");
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

    private IReadOnlySet<ushort> ReadRelaySupplied(IReadOnlySet<ushort> defaults)
    {
        if (!Node.Has("relay-supplied-options"))
            return defaults;
        var codes = new HashSet<ushort>();
        foreach (var text in Node.Texts("relay-supplied-options"))
        {
            if (ushort.TryParse(text, out var code) && code > 0)
                codes.Add(code);
            else if (StandardOptions.All.FirstOrDefault(o => o.Space == StandardOptions.Dhcp6 && o.Name == text) is { } named)
                codes.Add(named.Code);
            else
                Node.Error("relay-supplied-options", $"\"{text}\" is neither an option's code nor its name");
        }

        return codes;
    }
}
