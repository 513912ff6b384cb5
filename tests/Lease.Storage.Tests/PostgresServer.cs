using System.Diagnostics;

[assembly: AssemblyFixture(typeof(Lease.Storage.Tests.PostgresServer))]

namespace Lease.Storage.Tests;

/// <summary>
/// A PostgreSQL server of the tests' own, in a temporary folder, reached by a Unix socket only. It ends with this process, whatever happens to that. Needs root (to become the user
/// <c>postgres</c>, since a server refuses to run as root) and Debian's postgresql; without them <see cref="Missing"/> says what is not there.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("lease-pg-").FullName;
    private Process? server;

    /// <summary>Why there is none; null when there is one.</summary>
    public string? Missing { get; private set; }

    /// <summary>How to reach a database.</summary>
    public string ConnectionTo(string database) => $"Host={folder};Database={database};Username=postgres";

    public async ValueTask InitializeAsync()
    {
        var programs = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).LastOrDefault() : null;
        if (programs is null || !string.Equals(Environment.UserName, "root", StringComparison.Ordinal))
        {
            Missing = "PostgreSQL is not installed, or this is not root";
            return;
        }

        await RunAsync("chown", "postgres", folder);
        await RunAsync("runuser", "-u", "postgres", "--", $"{programs}/bin/initdb", "-D", $"{folder}/data", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
        var start = new ProcessStartInfo("runuser") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };

        // It ends when its standard input does.
        string[] arguments =
        [
            "-u", "postgres", "--", "sh", "-c",
            """
            "$1" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=300 -c log_min_messages=fatal >"$2/log" 2>&1 & p=$!; read _; kill -QUIT $p; wait
            """,
            "sh", $"{programs}/bin/postgres", folder,
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        server = Process.Start(start)!;
        for (var end = DateTime.UtcNow.AddSeconds(30); await TryRunAsync($"{programs}/bin/pg_isready", "-q", "-h", folder) != 0;)
        {
            if (DateTime.UtcNow > end)
                throw new InvalidOperationException($"PostgreSQL did not start: {await File.ReadAllTextAsync($"{folder}/log")}");
        }
    }

    /// <summary>Runs a statement in the database <c>postgres</c>.</summary>
    public Task ExecuteAsync(string sql) => RunAsync("psql", "-q", "-h", folder, "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", sql);

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            server.StandardInput.Close();
            await server.WaitForExitAsync();
            server.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        if (await TryRunAsync(program, arguments) is var code and not 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with code {code}");
    }

    private static async Task<int> TryRunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
