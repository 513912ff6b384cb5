using Lease.Protocol;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Dhcp6;

/// <summary>What is logged of packets that reach no binding.</summary>
internal static partial class PacketLog
{
    [LoggerMessage(3004, LogLevel.Debug, "dropped {Reason} from {Source} on {Interface}: {Detail}")]
    public static partial void PacketDropped(this ILogger logger, Dhcp6Drop reason, Ipv6Address source, string @interface, string detail);

    [LoggerMessage(3005, LogLevel.Warning, "no subnet for packets like the one from {Source} on {Interface} ({Detail})")]
    public static partial void NoSubnet(this ILogger logger, Ipv6Address source, string @interface, string detail);
}
