using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Dhcp4;

/// <summary>Tunnel source addresses: given by the client, kept to one client, within the configured prefix (RFC 8539 sections 7 and 8).</summary>
internal static class TunnelSources
{
    /// <summary>The address that the client gives: in option 109, or in the draft's DHCPv6 option; null when it gives none.</summary>
    public static Ipv6Address? Of(Dhcp4Exchange exchange)
    {
        if (exchange.Message.Options.TryGet(Dhcp4OptionCode.S46SourceAddress, out var data) && data.Length == Ipv6Address.Size)
            return Ipv6Address.Read(data);
        return exchange.Query.Options.TryGet(exchange.Settings.CodePoints.Dhcp4O6SourceAddress, out data) && data.Length == Ipv6Address.Size ? Ipv6Address.Read(data) : null;
    }

    /// <summary>Why a client may not have this address; null when it may.</summary>
    public static string? DefectOf(Ipv6Address? source, Dhcp4Exchange exchange, Func<LeaseKey, bool> isConflict)
    {
        if (source is not { } address)
            return null;
        if (address.IsUnspecified || address.IsLoopback || address.IsMulticast || address.IsLinkLocal)
            return $"tunnel source {address} cannot be reached";
        if (((Dhcp4Subnet)exchange.Subnet).TunnelSourcePrefix is { } prefix && !prefix.Contains(address))
            return $"tunnel source {address} is not in {prefix}";
        return isConflict(Ipv4Data.TunnelKey(address)) ? $"tunnel source {address} is another client's" : null;
    }
}
