using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Bindings;

/// <summary>IPv4 addresses and port sets as lease keys: the address is IPv4-mapped, the port set stands in <see cref="LeaseKey.Ports"/>.</summary>
public static class PortSet
{
    private const ulong Mapped = 0xffff_0000_0000;

    /// <summary>The key of an address that nobody shares.</summary>
    public static LeaseKey KeyOf(Ipv4Address address) => new(ToMapped(address).Value, 128);

    /// <summary>The key of an address with a port set; of the whole address when the PSID has no bits.</summary>
    public static LeaseKey KeyOf(Ipv4Address address, PortParameters ports) => new(ToMapped(address).Value, 128, ToNumber(ports));

    /// <summary>Offset, PSID length and PSID as <see cref="LeaseKey.Ports"/> has them.</summary>
    public static uint ToNumber(PortParameters ports)
        => ports.PsidLength == 0 ? 0 : ((uint)ports.Offset << 24) | ((uint)ports.PsidLength << 16) | ports.Psid;

    /// <summary>The IPv4-mapped address.</summary>
    public static Ipv6Address ToMapped(Ipv4Address address) => new(new UInt128(0, Mapped | address.Value));

    /// <summary>The IPv4 address within an IPv4-mapped one.</summary>
    public static bool TryFromMapped(Ipv6Address address, out Ipv4Address ipv4)
    {
        ipv4 = new((uint)address.Value);
        return (address.Value >> 32) == Mapped >> 32;
    }

    /// <summary>The IPv4 address of a key; false when it is an IPv6 address or a prefix.</summary>
    public static bool TryAddress(LeaseKey key, out Ipv4Address address)
    {
        address = default;
        return key.Length == 128 && !Ipv4Data.IsTunnelKey(key) && TryFromMapped(new Ipv6Address(key.Address), out address);
    }

    /// <summary>The port set of a key; false when its address is not shared.</summary>
    public static bool TryOf(LeaseKey key, out PortParameters ports)
    {
        ports = new((byte)(key.Ports >> 24), (byte)(key.Ports >> 16), (ushort)key.Ports);
        return key.Ports != 0 && !Ipv4Data.IsTunnelKey(key);
    }
}
