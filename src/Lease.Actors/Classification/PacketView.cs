using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Classification;

/// <summary>What expressions look at: a packet that an intake has checked.</summary>
public readonly ref struct PacketView
{
    private readonly ReadOnlySpan<byte> packet;
    private readonly ReadOnlySpan<byte> ipv4;
    private readonly RelayChain chain;

    /// <summary>Looks at a DHCPv6 message; or, where <paramref name="ipv4"/> is not empty, at that DHCPv4 message within a DHCPV4-QUERY.</summary>
    /// <param name="packet">The whole datagram.</param>
    /// <param name="chain">Its relays.</param>
    /// <param name="interfaceName">Where it came in.</param>
    /// <param name="source">Who sent it there.</param>
    /// <param name="ipv4">The DHCPv4 message.</param>
    public PacketView(ReadOnlySpan<byte> packet, in RelayChain chain, string interfaceName, Ipv6Address source, ReadOnlySpan<byte> ipv4 = default)
    {
        this.packet = packet;
        this.chain = chain;
        this.ipv4 = ipv4;
        InterfaceName = interfaceName;
        Source = source;
    }

    /// <summary>Whether it is a DHCPv4 message.</summary>
    public bool IsIpv4 => !ipv4.IsEmpty;

    /// <summary>Whether it is a BOOTP client's: a DHCPv4 message without a type.</summary>
    public bool IsBootp => IsIpv4 && Message4.Type == Dhcp4MessageType.Bootp;

    /// <summary>Name of the interface that received it.</summary>
    public string InterfaceName { get; }

    /// <summary>Who sent it: the last relay, or the client.</summary>
    public Ipv6Address Source { get; }

    /// <summary>Octets of the DHCPv6 packet with its relays, or of the DHCPv4 message.</summary>
    public int Length => IsIpv4 ? ipv4.Length : packet.Length;

    /// <summary>The DHCPv6 message: the client's, or the DHCPV4-QUERY.</summary>
    public Dhcp6Message Message => Dhcp6Message.FromChecked(chain.Message(packet));

    /// <summary>The DHCPv4 message; only where <see cref="IsIpv4"/>.</summary>
    public Dhcp4Message Message4 => Dhcp4Message.FromChecked(ipv4);

    /// <summary>One of the relays: from 0 counted from the server's side, from -1 from the client's.</summary>
    public bool TryGetRelay(int nest, out RelayMessage relay)
    {
        var hop = nest >= 0 ? nest : chain.Hops + nest;
        var found = hop >= 0 && hop < chain.Hops;
        relay = found ? chain.Hop(packet, hop) : default;
        return found;
    }

    /// <summary>What the client's vendor class makes the name of a class of (Kea): the first data of VENDOR_CLASS, or DHCPv4's vendor class identifier.</summary>
    public bool TryGetVendorClass(out ReadOnlySpan<byte> name)
    {
        if (IsIpv4)
            return Message4.Options.TryGet(Dhcp4OptionCode.VendorClass, out name);
        name = default;
        if (!Message.Options.TryGet(OptionCode.VendorClass, out var data) || data.Length < VendorClassOption.FixedSize)
            return false;
        var elements = new ElementList(data[VendorClassOption.FixedSize..]).GetEnumerator();
        var found = elements.MoveNext();
        name = found ? elements.Current : default;
        return found;
    }
}
