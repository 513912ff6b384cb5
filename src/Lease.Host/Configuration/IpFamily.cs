using Lease.Actors.Bindings;
using Lease.Protocol;

namespace Lease.Host.Configuration;

/// <summary>How addresses of a service are written: in <c>Dhcp4</c> as IPv4, and IPv4-mapped within the program.</summary>
internal abstract class IpFamily
{
    public static readonly IpFamily Ipv6 = new Ipv6Family();
    public static readonly IpFamily Ipv4 = new Ipv4Family();

    /// <summary>For messages.</summary>
    public abstract string Name { get; }

    /// <summary>The list of subnets.</summary>
    public abstract string SubnetKey { get; }

    /// <summary>What the name of a link begins with that is a subnet standing alone.</summary>
    public abstract string LinkPrefix { get; }

    public abstract bool TryParse(string text, out Ipv6Address address);

    public abstract bool TryParse(string text, out Ipv6Prefix prefix);

    public abstract string Text(Ipv6Address address);

    public abstract string Text(Ipv6Prefix prefix);

    private sealed class Ipv6Family : IpFamily
    {
        public override string Name => "IPv6";

        public override string SubnetKey => "subnet6";

        public override string LinkPrefix => "subnet-";

        public override bool TryParse(string text, out Ipv6Address address) => Ipv6Address.TryParse(text, out address);

        public override bool TryParse(string text, out Ipv6Prefix prefix) => Ipv6Prefix.TryParse(text, out prefix);

        public override string Text(Ipv6Address address) => address.ToString();

        public override string Text(Ipv6Prefix prefix) => prefix.ToString();
    }

    private sealed class Ipv4Family : IpFamily
    {
        private const byte MappedLength = 96;

        public override string Name => "IPv4";

        public override string SubnetKey => "subnet4";

        public override string LinkPrefix => "subnet4-";

        public override bool TryParse(string text, out Ipv6Address address)
        {
            var found = Ipv4Address.TryParse(text, out var ipv4);
            address = PortSet.ToMapped(ipv4);
            return found;
        }

        public override bool TryParse(string text, out Ipv6Prefix prefix)
        {
            prefix = default;
            var slash = text.IndexOf('/', StringComparison.Ordinal);
            if (slash < 0 || !TryParse(text[..slash], out Ipv6Address address) || !byte.TryParse(text.AsSpan(slash + 1), out var length) || length > 32)
                return false;
            prefix = new Ipv6Prefix(address, (byte)(MappedLength + length));
            return true;
        }

        public override string Text(Ipv6Address address) => new Ipv4Address((uint)address.Value).ToString();

        public override string Text(Ipv6Prefix prefix) => $"{Text(prefix.Address)}/{prefix.Length - MappedLength}";
    }
}
