namespace Lease.Actors.Classification;

/// <summary>What an expression may name.</summary>
/// <param name="IsIpv4">Whether it is of <c>Dhcp4</c>.</param>
/// <param name="FindOption">The code of an option's name; null when there is no such option.</param>
/// <param name="FindClass">The class of a name; null when it is not defined before and not built in.</param>
public sealed record ExpressionScope(bool IsIpv4, Func<string, ushort?> FindOption, Func<string, ClientClass?> FindClass)
{
    /// <summary>The highest option code.</summary>
    public int MaxCode => IsIpv4 ? byte.MaxValue : ushort.MaxValue;

    /// <summary>Name of the service, for messages.</summary>
    public string Service => IsIpv4 ? "Dhcp4" : "Dhcp6";
}
