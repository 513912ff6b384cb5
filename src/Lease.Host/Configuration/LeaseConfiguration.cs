using Lease.Actors.Configuration;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Configuration;

/// <summary>A whole configuration file, checked.</summary>
/// <param name="Dhcp6">The DHCPv6 service.</param>
/// <param name="Dhcp4">The DHCPv4 engine behind it; null when IPv4 is not served.</param>
/// <param name="Leasequery">Who may learn the bindings.</param>
/// <param name="Node">This node.</param>
/// <param name="Storage">Where everything is kept.</param>
/// <param name="LogLevel">From Kea's <c>loggers</c>; null where there are none.</param>
internal sealed record LeaseConfiguration(
    Dhcp6Configuration Dhcp6, Dhcp4Configuration? Dhcp4, LeasequeryConfiguration Leasequery, NodeConfiguration Node, StorageConfiguration Storage, LogLevel? LogLevel);

/// <summary>What reading a file gave.</summary>
/// <param name="Configuration">Null when there are errors.</param>
/// <param name="Problems">Everything that is wrong, and what has no effect.</param>
internal sealed record ConfigurationResult(LeaseConfiguration? Configuration, IReadOnlyList<ConfigurationProblem> Problems);
