namespace Lease.Kernel.Sharding;

/// <summary>A node of the cluster, and where its node link listens.</summary>
/// <param name="NodeId">Its name in the configuration.</param>
/// <param name="Address">As it said: <c>[ADDRESS]:PORT</c>.</param>
public sealed record NodeAddress(string NodeId, string Address)
{
    /// <summary>For the log.</summary>
    public override string ToString() => $"{NodeId} {Address}";
}
