using System.CommandLine;

namespace Lease.Host.Commands;

/// <summary><c>lease cluster ...</c>: what concerns all nodes together.</summary>
internal static class ClusterCommand
{
    public static Command Create() => new("cluster", "what concerns all nodes of a cluster together")
    {
        ClusterInitCommand.Create(),
        ClusterStatusCommand.Create(),
    };
}
