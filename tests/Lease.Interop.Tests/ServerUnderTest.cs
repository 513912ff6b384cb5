using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary><c>lease serve</c> as built, in the server's namespace.</summary>
internal static class ServerUnderTest
{
    public const string ShortTimers = "\"preferred-lifetime\": 20, \"valid-lifetime\": 40, \"renew-timer\": 2, \"rebind-timer\": 8,";

    /// <summary>The configuration that the tests use; <paramref name="settings"/> goes in at the global level.</summary>
    public static string Configuration(TestHosts hosts, string settings) => $$$"""
        {"Dhcp6": {"interfaces-config": {"interfaces": ["{{{hosts.Server}}}"]}, {{{settings}}}
          "option-data": [{"name": "dns-servers", "data": "2001:db8::53"}, {"name": "domain-search", "data": "example.org"}],
          "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "{{{hosts.Server}}}", "pools": [{"pool": "2001:db8:1:0:1::/80"}],
            "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 64}]}]}}
        """;

    public static async Task<RunningProgram> StartAsync(TestHosts hosts, string settings = "", string level = "Information", string? data = null)
    {
        var file = hosts.WriteFile("lease.json", Configuration(hosts, settings));
        var program = hosts.Start(hosts.Server, Binary(), "serve", "--config", file, "--data", data ?? Path.Combine(hosts.Folder, "data"), "--log-level", level);
        if (level is "Information" or "Debug")
        {
            await program.ExpectAsync("ready: serving DHCPv6");
            return program;
        }

        // It says nothing at such a level.
        var look = hosts.Start(hosts.Server, "/bin/sh", "-c", "until ss -lunH 'sport = :547' | grep -q .; do sleep 0.05; done; echo listening");
        await program.ExpectAsync(_ => look.Output.Length > 0, "listened");
        return program;
    }

    public static string Binary()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Lease.sln")))
            folder = Path.GetDirectoryName(folder)!;
#if DEBUG
        return Path.Combine(folder, "src/Lease.Host/bin/Debug/net10.0/lease");
#else
        return Path.Combine(folder, "src/Lease.Host/bin/Release/net10.0/lease");
#endif
    }
}
