using Lease.Protocol;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Dhcp4;

/// <summary>What is logged of DHCPv4 messages beside lease events.</summary>
internal static partial class Dhcp4Log
{
    [LoggerMessage(3101, LogLevel.Debug, "dropped DHCPv4 {Reason} from {Source} on {Interface}: {Detail}")]
    public static partial void MessageDropped(this ILogger logger, Dhcp4Drop reason, Ipv6Address source, string @interface, string detail);

    [LoggerMessage(3102, LogLevel.Warning, "no subnet4 for DHCPv4 messages like the one from {Source} on {Interface}")]
    public static partial void NoSubnet4(this ILogger logger, Ipv6Address source, string @interface);

    [LoggerMessage(3103, LogLevel.Warning, "refused link={Link} client={Client} cause={Cause}: {Reason}")]
    public static partial void Refused(this ILogger logger, string link, string client, string cause, string reason);
}
