using Lease.Host.Configuration;
using Microsoft.Extensions.Logging;

namespace Lease.Host.Server;

/// <summary>A node that needs no configuration: any free port of the loopback, a SQLite file, addresses and prefixes for documentation. For <c>lease demo</c> and the rehearsal.</summary>
internal static class LoopbackNode
{
    /// <summary>The link on which its clients are, for relayed ones too.</summary>
    public const string Subnet = "2001:db8:1::";

    private const string Configuration = $$"""
        {
          "Lease": {"server-port": 0, "client-port": 0},
          "Dhcp6": {
            "interfaces-config": {"interfaces": ["lo/::1"]},
            "valid-lifetime": 60, "preferred-lifetime": 40, "rapid-commit": true,
            "option-data": [{"name": "dns-servers", "data": "2001:db8::53"}],
            "subnet6": [{
              "id": 1, "subnet": "{{Subnet}}/64", "interface": "lo",
              "pools": [{"pool": "{{Subnet}}/80"}],
              "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 33, "delegated-len": 56}]
            }]
          }
        }
        """;

    /// <summary>Starts it.</summary>
    /// <param name="directory">The folder of the SQLite file.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="loggers">For its log.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="IOException">The store or a socket cannot be opened; the message says which and why.</exception>
    /// <exception cref="OperationCanceledException">It was told to end before it served.</exception>
    public static Task<LeaseServer> StartAsync(string directory, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
        => LeaseServer.StartAsync(
            ConfigurationReader.Read(Configuration, "loopback").Configuration!, new DataFolder(directory), time, loggers, cancellation);
}
