using Lease.Actors.Classification;
using Lease.Actors.Configuration;

namespace Lease.Actors.Bindings;

/// <summary>Chooses among the subnets that a client may be on.</summary>
internal static class SubnetChoice
{
    /// <summary>
    /// Of the subnets that fit, the first that the client's classes may use; else, as all subnets of a shared network are one link, another one that they may use beside one that fits. Without
    /// classes the first.
    /// </summary>
    public static bool TryChoose<TSubnet>(ReadOnlySpan<(Link Link, TSubnet Subnet)> fitting, AssignedClasses? classes, out Link link, out TSubnet subnet)
        where TSubnet : Subnet
    {
        foreach (var (candidateLink, candidate) in fitting)
        {
            if (!candidate.Guard.IsOpenTo(classes))
                continue;
            (link, subnet) = (candidateLink, candidate);
            return true;
        }

        foreach (var (candidateLink, _) in fitting)
        {
            if (candidateLink.FirstOpenTo(classes) is not TSubnet other)
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

    /// <summary>The subnets by a value that messages name and that subnets may have in common, each group in the order of the file.</summary>
    public static Dictionary<TKey, (Link Link, TSubnet Subnet)[]> By<TSubnet, TKey>(
        this IEnumerable<(Link Link, TSubnet Subnet)> subnets, Func<TSubnet, TKey?> keyOf, IEqualityComparer<TKey>? comparer = null)
        where TKey : class
        => subnets.Where(s => keyOf(s.Subnet) is not null).GroupBy(s => keyOf(s.Subnet)!, comparer).ToDictionary(static g => g.Key, static g => g.ToArray(), comparer);
}
