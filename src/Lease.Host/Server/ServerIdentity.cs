using System.Net.NetworkInformation;
using System.Security.Cryptography;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Server;

/// <summary>The server's DUID: configured, or made once and kept in the store.</summary>
internal static class ServerIdentity
{
    public static async Task<byte[]> DuidAsync(ILeaseStore store, Dhcp6Configuration configuration, TimeProvider time)
        => configuration.ServerDuid ?? await store.GetOrAddServerDuidAsync(MakeDuid(time), CancellationToken.None);

    // RFC 8415 section 11: made once from an interface's address and the time.
    private static byte[] MakeDuid(TimeProvider time)
    {
        var hardware = NetworkInterface.GetAllNetworkInterfaces()
            .Where(static i => i.NetworkInterfaceType == NetworkInterfaceType.Ethernet)
            .Select(static i => i.GetPhysicalAddress().GetAddressBytes())
            .FirstOrDefault(static a => a.Length == 6);
        return hardware is null
            ? Duid.MakeUuid(new Guid(RandomNumberGenerator.GetBytes(16)))
            : Duid.MakeLinkLayerTime(hardwareType: 1, time.GetUtcNow(), hardware);
    }
}
