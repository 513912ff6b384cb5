using Lease.Actors.Classification;
using Lease.Actors.Configuration;

namespace Lease.Actors.Bindings;

/// <summary>What makes a subnet a client's.</summary>
internal interface ISubnetMatch<in TSubnet>
{
    /// <summary>Whether a client of this subnet would send so.</summary>
    bool Fits(TSubnet subnet);
}

/// <summary>Chooses among the subnets that a client may be on.</summary>
internal static class SubnetChoice
{
    /// <summary>
    /// The first subnet that fits and that the client's classes may use; else, as all subnets of a shared network are one link, another one that they may use beside one that fits. Without
    /// classes the first that fits.
    /// </summary>
    public static bool TryChoose<TSubnet, TMatch>(this (Link Link, TSubnet Subnet)[] subnets, TMatch match, AssignedClasses? classes, out Link link, out TSubnet subnet)
        where TSubnet : Subnet
        where TMatch : struct, ISubnetMatch<TSubnet>, allows ref struct
    {
        foreach (var (candidateLink, candidate) in subnets)
        {
            if (!match.Fits(candidate) || !candidate.Guard.IsOpenTo(classes))
                continue;
            (link, subnet) = (candidateLink, candidate);
            return true;
        }

        foreach (var (candidateLink, candidate) in subnets)
        {
            if (classes is null || !match.Fits(candidate) || candidateLink.FirstOpenTo(classes) is not TSubnet other)
                continue;
            (link, subnet) = (candidateLink, other);
            return true;
        }

        (link, subnet) = (null!, null!);
        return false;
    }

    /// <summary>The first subnet of a link that the client's classes may use; null for none.</summary>
    public static Subnet? FirstOpenTo(this Link link, AssignedClasses? classes)
    {
        foreach (var subnet in link.Subnets)
        {
            if (subnet.Guard.IsOpenTo(classes))
                return subnet;
        }

        return null;
    }
}
