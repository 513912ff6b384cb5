using Lease.Testing;

namespace Lease.Cluster.Tests.Hosts;

/// <summary>
/// PostgreSQL on two hosts: a primary, and a replica that has every commit before it is acknowledged. As the user postgres, since a server refuses to run as root. Without fsync: what is
/// killed here are processes, not machines, and what they wrote stays with the kernel.
/// </summary>
internal sealed class Databases
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TestNetwork network;
    private readonly MachineClocks clocks;
    private readonly Dictionary<string, RunningProgram> servers = new(StringComparer.Ordinal);

    private Databases(TestNetwork network, MachineClocks clocks)
    {
        this.network = network;
        this.clocks = clocks;
    }

    public static string? Missing => Programs is null ? "needs PostgreSQL, which ./test installs on Debian as root" : null;

    /// <summary>The host of the server that takes writes.</summary>
    public string Primary { get; private set; } = "p1";

    public string Replica => string.Equals(Primary, "p1", StringComparison.Ordinal) ? "p2" : "p1";

    /// <summary>How the nodes reach them: both hosts, of which the one counts that takes writes.</summary>
    public string Connection => $"Host={network.AddressOf("p1")},{network.AddressOf("p2")};Database=lease;Username=postgres";

    private static string? Programs => Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).LastOrDefault() + "/bin" : null;

    public static async Task<Databases> StartAsync(TestNetwork network, MachineClocks clocks)
    {
        var databases = new Databases(network, clocks);
        await network.AddHostAsync("p1", "fd00::21");
        await network.AddHostAsync("p2", "fd00::22");
        var folder = databases.FolderOf("p1");
        foreach (var made in new[] { Path.GetDirectoryName(folder)!, databases.SocketsOf("p1"), databases.SocketsOf("p2") })
        {
            Directory.CreateDirectory(made);
            await network.RunAsync("p1", "chown", "postgres", made);
        }

        await databases.AsPostgresAsync("p1", "initdb", "-D", folder, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
        await File.AppendAllTextAsync(Path.Combine(folder, "pg_hba.conf"), "host all all fd00::/16 trust\nhost replication all fd00::/16 trust\n");
        await databases.StartServerAsync("p1");
        await databases.AsPostgresAsync("p1", "psql", "-h", databases.SocketsOf("p1"), "-qc", "CREATE DATABASE lease");
        await databases.AsPostgresAsync("p2", "pg_basebackup", "-h", network.AddressOf("p1").ToString(), "-D", databases.FolderOf("p2"), "-R", "-X", "stream", "--checkpoint=fast", "--no-sync");
        await databases.StartServerAsync("p2");
        await databases.AwaitAsync("p1", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", "1");
        await databases.AsPostgresAsync("p1", "psql", "-h", databases.SocketsOf("p1"), "-qc", "ALTER SYSTEM SET synchronous_standby_names = '*'", "-c", "SELECT pg_reload_conf()");
        await databases.AwaitAsync("p1", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", "1");
        return databases;
    }

    /// <summary>Ends the primary as a power failure would: kill -9 of all its processes, at once.</summary>
    public async Task KillPrimaryAsync() => await servers[Primary].DisposeAsync();

    /// <summary>Makes the replica the primary, with none of its own: it waits for nobody's acknowledgement.</summary>
    public async Task PromoteAsync()
    {
        await AsPostgresAsync(Replica, "pg_ctl", "promote", "-D", FolderOf(Replica));
        Primary = Replica;
    }

    private string SocketsOf(string host) => Path.Combine(network.Folder, "pg", "sockets-" + host);

    private string FolderOf(string host) => Path.Combine(network.Folder, "pg", host);

    private async Task StartServerAsync(string host)
    {
        clocks.Set(host, TimeSpan.Zero);
        servers[host] = network.Start(
            host, "runuser", ["-u", "postgres", "--", "env", .. clocks.Preloading(host, $"{Programs}/postgres"), "-D", FolderOf(host), "-k", SocketsOf(host), "-c", $"listen_addresses={network.AddressOf(host)}", "-c", "fsync=off",
            "-c", "max_connections=200", "-c", "wal_receiver_status_interval=1s", "-c", "hot_standby=on", "-c", "log_min_messages=warning"]);
        for (var end = DateTime.UtcNow + Patience; ; await Task.Delay(50))
        {
            var ready = network.Start(host, $"{Programs}/pg_isready", "-q", "-h", SocketsOf(host));
            await using (ready)
            {
                if (await ready.WaitForExitAsync(Patience) && ready.ExitCode == 0)
                    return;
            }

            if (DateTime.UtcNow > end || servers[host].HasExited)
                throw new FaultTestException($"PostgreSQL did not start on {host}:\n{servers[host].Output}");
        }
    }

    private async Task AwaitAsync(string host, string query, string value)
    {
        for (var end = DateTime.UtcNow + Patience; !string.Equals((await AsPostgresAsync(host, "psql", "-h", SocketsOf(host), "-Atc", query)).Trim(), value, StringComparison.Ordinal);)
        {
            if (DateTime.UtcNow > end)
                throw new FaultTestException($"{query} on {host} never became {value}:\n{servers[host].Output}");
            await Task.Delay(50);
        }
    }

    private Task<string> AsPostgresAsync(string host, string program, params string[] arguments)
        => network.RunAsync(host, "runuser", ["-u", "postgres", "--", $"{Programs}/{program}", .. arguments]);
}
