using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;
using Lease.Protocol;

namespace Lease.Actors.Leasequery;

/// <summary>Finds the link that a query means (RFC 5007 section 4.3.1, leasequery draft section 4.4.1).</summary>
/// <param name="settings">The configuration.</param>
public sealed class LinkFinder(Dhcp6Settings settings)
{
    /// <summary>The link of a link-address: an address of a relay or within a subnet; null when it is not configured.</summary>
    public Link? OfLinkAddress(Ipv6Address address)
        => settings.Selector.TryFindByAddress(address, relayed: true, classes: null, out var link, out _) ? link : null;

    /// <summary>The link on which the address, or the prefix that contains it, is given out; null when it is not configured.</summary>
    public Link? OfLease(Ipv6Prefix lease)
    {
        foreach (var link in settings.Configuration.Links)
        {
            foreach (var subnet in link.Subnets)
            {
                if (subnet.Prefix.Contains(lease) || IsDelegated(subnet, lease))
                    return link;
            }
        }

        return null;
    }

    /// <summary>Whether the prefix is one of the configuration: a subnet's, a prefix pool's, or one that such a pool delegates (leasequery draft section 4.4.2.3).</summary>
    public bool IsConfigured(Ipv6Prefix prefix)
    {
        foreach (var link in settings.Configuration.Links)
        {
            foreach (var subnet in link.Subnets)
            {
                if (subnet.Prefix.Network == prefix.Network || subnet.PrefixPools.Any(p => p.Prefix.Network == prefix.Network || p.Range.UnitLength == prefix.Length && p.Prefix.Contains(prefix)))
                    return true;
            }
        }

        return false;
    }

    /// <summary>An address by which a requestor can name the link.</summary>
    public Ipv6Address? NameOf(string link)
    {
        foreach (var candidate in settings.Configuration.Links)
        {
            if (candidate.Name == link && candidate.Subnets.Length > 0)
                return candidate.Subnets[0].Prefix.First;
        }

        return null;
    }

    private static bool IsDelegated(Subnet subnet, Ipv6Prefix lease)
    {
        foreach (var pool in subnet.PrefixPools)
        {
            if (pool.Prefix.Contains(lease))
                return true;
        }

        return false;
    }
}
