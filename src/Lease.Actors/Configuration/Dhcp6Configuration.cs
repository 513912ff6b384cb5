using Lease.Protocol;

namespace Lease.Actors.Configuration;

/// <summary>
/// The <c>Dhcp6</c> object of the configuration, checked and with inheritance resolved: what the server works with. Immutable; a reread
/// configuration is a new object.
/// </summary>
public sealed class Dhcp6Configuration : ServiceConfiguration
{
    /// <summary>Where to listen (<c>interfaces-config.interfaces</c>).</summary>
    public required IReadOnlyList<ListenInterface> Interfaces { get; init; }

    /// <summary>UDP port of the server; 547 unless changed for a test.</summary>
    public int ServerPort { get; init; } = 547;

    /// <summary>UDP port of clients; 546 unless changed for a test.</summary>
    public int ClientPort { get; init; } = 546;

    /// <summary>The DUID of <c>server-id</c>; null: the one in the store, made at the first start.</summary>
    public byte[]? ServerDuid { get; init; }

    /// <summary>Options that a relay may supply in RSOO (<c>relay-supplied-options</c>, RFC 6422).</summary>
    public IReadOnlySet<ushort> RelaySuppliedOptions { get; init; } = new HashSet<ushort> { 65 };

    /// <summary>UDP port on the loopback by which DHCPv4 messages go to another program's DHCPv4 engine (<c>dhcp4o6-port</c>, Kea's wire); 0: the engine is this program's.</summary>
    public int Dhcp4o6Port { get; init; }
}

/// <summary>An entry of <c>interfaces-config.interfaces</c>: <c>eth0</c>, <c>eth0/2001:db8::1</c> or <c>*</c>.</summary>
/// <param name="Name">Interface name, or <c>*</c> for every one that is up and not the loopback.</param>
/// <param name="Unicast">An address of the interface that also receives what is sent to it by unicast; null for none.</param>
public sealed record ListenInterface(string Name, Ipv6Address? Unicast);
