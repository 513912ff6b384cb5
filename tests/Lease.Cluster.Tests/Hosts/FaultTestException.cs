namespace Lease.Cluster.Tests.Hosts;

/// <summary>A round could not be run, or the cluster did not come to rest.</summary>
public sealed class FaultTestException(string message) : Exception(message);
