using Lease.Actors.Configuration;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Configuration;

/// <summary>Reads the <c>Dhcp4</c> object.</summary>
internal sealed class Dhcp4Reader(
    ConfigurationNode node, int shards, TimeSpan retention, uint? declinedLimit)
    : ServiceReader(node, OptionUniverse.Dhcp4, IpFamily.Ipv4)
{
    // RFC 2131 section 4.4.5; Kea too sends T1 and T2 only when they are configured, and leaves the shares to the client else.
    private static readonly LevelSettings Defaults = new() { Timers = new RenewalTimers(T1: null, T2: null, Calculate: false, T1Share: 0.5, T2Share: 0.875) };

    public (Dhcp4Configuration Configuration, LogLevel? LogLevel) Read()
    {
        Classes.ServesBootp = ReadBootp();
        ReadDefinitions();
        var global = LevelSettings.Read(Node, Defaults, Options, selectors: false, IpFamily.Ipv4);
        var global4 = Dhcp4Level.Read(Node, new Dhcp4Level());
        var space = new AddressSpace(IpFamily.Ipv4);
        var links = new SubnetReader(shards, Options, Classes, IpFamily.Ipv4, space).ReadLinks(Node, global, global4);
        var defaults = new Dhcp4Configuration { Links = [], Options = OptionSet.Empty, Reservations = ReservationTable.Empty };
        var configuration = new Dhcp4Configuration
        {
            Dhcp4o6Port = ReadDhcp4o6Port(),
            ServesBootp = Classes.ServesBootp,
            Links = [.. links],
            Options = global.Options,
            Reservations = new ReservationReader(Options, Classes, IpFamily.Ipv4, space).Read(Node, subnet: null),
            ReservationIdentifiers = ReadIdentifiers(
                [ReservationIdentifier.HardwareAddress, ReservationIdentifier.Duid, ReservationIdentifier.CircuitId, ReservationIdentifier.ClientId],
                ("hw-address", ReservationIdentifier.HardwareAddress),
                ("duid", ReservationIdentifier.Duid),
                ("circuit-id", ReservationIdentifier.CircuitId),
                ("client-id", ReservationIdentifier.ClientId)),
            DeclineProbation = TimeSpan.FromSeconds(Node.Number("decline-probation-period") ?? (uint)defaults.DeclineProbation.TotalSeconds),
            DeclinedLimit = declinedLimit,
            HoldEndedBinding = Longer(ReadHold(defaults.HoldEndedBinding), retention),
            OfferLifetime = ReadOfferLifetime(defaults.OfferLifetime),
            OptionDefinitions = Options.Definitions.Defined,
            Classifier = Classes.Build(),
        };
        space.CheckReservations();
        var level = ReadLoggers();
        Node.WithoutEffect("has no effect: IPv4 clients come by DHCPv4 over DHCPv6 (Dhcp6.interfaces-config)", "interfaces-config");
        Node.WithoutEffect(NoEffect, "echo-client-id", "stash-agent-options", "client-id-validation");
        NameWithoutEffect();
        Node.RefuseUnknown();
        return (configuration, level);
    }

    // Naming Kea's library is the key: it has no parameters.
    private bool ReadBootp()
    {
        var hooks = HookLibraries.Read(Node, HookLibraries.Bootp);
        foreach (var (hook, parameters) in hooks)
        {
            if (parameters is not null)
                hook.Warn("parameters", "has no effect: the library has none");
        }

        return hooks.Count > 0;
    }
}
