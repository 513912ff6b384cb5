using System.Diagnostics;
using System.Globalization;
using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary>
/// Two hosts on one link, as network namespaces of this test's own: the server (2001:db8:1::1) and the clients (2001:db8:1::2). Everything that was started in them is ended, by
/// its process id, and they are removed, when the test ends.
/// </summary>
internal sealed class TestHosts : IAsyncDisposable
{
    private static int lastNumber;

    private readonly List<RunningProgram> programs = [];
    private readonly List<string> hosts = [];

    private TestHosts(string name)
    {
        Server = name + "s";
        Client = name + "c";
        Folder = Directory.CreateTempSubdirectory("lease-interop-").FullName;
    }

    /// <summary>Name of the server's namespace, and of its interface.</summary>
    public string Server { get; }

    /// <summary>Name of the clients' namespace, and of its interface.</summary>
    public string Client { get; }

    /// <summary>Name of a third namespace, behind the clients' one, and of its interface; see <see cref="AddFarHostAsync"/>.</summary>
    public string Far => Client[..^1] + "f";

    /// <summary>Name of a fourth namespace, beside the server, and of its interface; see <see cref="AddAftrAsync"/>.</summary>
    public string Aftr => Client[..^1] + "a";

    /// <summary>Name of the interface of <see cref="Client"/> towards <see cref="Far"/>.</summary>
    public string TowardsFar => Client[..^1] + "r";

    /// <summary>For files of the test.</summary>
    public string Folder { get; }

    /// <summary>Skips the test where it cannot run, and says why.</summary>
    public static async Task<TestHosts> CreateAsync(params string[] tools)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "needs root on Linux: it makes network namespaces");
        foreach (var tool in tools.Append("ip").Append("dumpcap").Append("tshark"))
            Assert.SkipUnless(Find(tool) is not null, $"needs {tool}, which ./test installs on Debian as root");
        var hosts = new TestHosts(string.Create(CultureInfo.InvariantCulture, $"l{Environment.ProcessId % 100000}x{Interlocked.Increment(ref lastNumber)}"));
        await hosts.UpAsync();
        return hosts;
    }

    /// <summary>Adds a host on a link of its own (2001:db8:2::/64) behind <see cref="Client"/>, which can then be a relay for it.</summary>
    public async Task AddFarHostAsync()
    {
        await AddHostAsync(Far);
        await IpAsync("link", "add", TowardsFar, "netns", Client, "type", "veth", "peer", "name", Far, "netns", Far);
        foreach (var (host, link) in new[] { (Client, TowardsFar), (Far, Far) })
        {
            await RunAsync(host, TimeSpan.FromSeconds(5), "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", $"net.ipv6.conf.{link}.accept_dad=0");
            await IpAsync("-n", host, "link", "set", link, "up");
        }

        await IpAsync("-n", Client, "-6", "addr", "add", "2001:db8:2::1/64", "dev", TowardsFar, "nodad");
    }

    /// <summary>Adds a host on a link of its own with the server (2001:db8:3::1 and 2001:db8:3::2).</summary>
    public async Task AddAftrAsync()
    {
        await AddHostAsync(Aftr);
        await IpAsync("-n", Aftr, "link", "set", "lo", "up");
        await IpAsync("link", "add", Aftr + "s", "netns", Server, "type", "veth", "peer", "name", Aftr, "netns", Aftr);
        var number = 1;
        foreach (var (host, link) in new[] { (Server, Aftr + "s"), (Aftr, Aftr) })
        {
            await RunAsync(host, TimeSpan.FromSeconds(5), "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", $"net.ipv6.conf.{link}.accept_dad=0");
            await IpAsync("-n", host, "link", "set", link, "up");
            await IpAsync("-n", host, "-6", "addr", "add", $"2001:db8:3::{number++}/64", "dev", link, "nodad");
        }
    }

    /// <summary>Gives a host one more address on the interface of its name.</summary>
    public Task AddAddressAsync(string host, string address) => IpAsync("-n", host, "-6", "addr", "add", address, "dev", host, "nodad");

    /// <summary>Starts a program in a namespace.</summary>
    public RunningProgram Start(string host, string program, params string[] arguments)
    {
        var path = program.Contains('/', StringComparison.Ordinal) ? program : Find(program) ?? program;
        // Under nohup programs would take no SIGHUP.
        var started = new RunningProgram(Find("ip")!, ["netns", "exec", host, "env", "--default-signal=HUP", path, .. arguments]);
        programs.Add(started);
        return started;
    }

    /// <summary>Runs a program to its end, at most for <paramref name="limit"/>; then it is ended.</summary>
    public async Task<string> RunAsync(string host, TimeSpan limit, string program, params string[] arguments)
    {
        await using var started = Start(host, program, arguments);
        if (!await started.WaitForExitAsync(limit))
        {
            await started.SignalAsync(15);
            await started.WaitForExitAsync(limit);
        }

        return started.Output;
    }

    public string WriteFile(string name, string content)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>What the clients of a host have made of its /etc/resolv.conf.</summary>
    public static string ResolvConfOf(string host) => File.ReadAllText(Path.Combine(FilesOf(host), "resolv.conf"));

    /// <summary>A script that a client calls with its lease, and that does nothing.</summary>
    public string WriteScript(string name)
    {
        var path = WriteFile(name, "#!/bin/sh\nexit 0\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var program in programs)
            await program.DisposeAsync();
        foreach (var host in hosts)
        {
            await IpAsync("netns", "del", host);
            Directory.Delete(FilesOf(host), recursive: true);
        }

        Directory.Delete(Folder, recursive: true);
    }

    private static string? Find(string tool)
        => new[] { "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/" }.Select(folder => folder + tool).FirstOrDefault(File.Exists);

    private static string FilesOf(string host) => Path.Combine("/etc/netns", host);

    private static async Task IpAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Find("ip")!, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
    }

    // `ip netns exec` lays the files of /etc/netns/NAME over those of /etc (ip-netns(8)): without that a client that is given name servers, dibbler-client for one, writes them into the
    // machine's own file.
    private async Task AddHostAsync(string host)
    {
        Directory.CreateDirectory(FilesOf(host));
        await File.WriteAllTextAsync(Path.Combine(FilesOf(host), "resolv.conf"), string.Empty);
        await IpAsync("netns", "add", host);
        hosts.Add(host);
    }

    private async Task UpAsync()
    {
        foreach (var host in new[] { Server, Client })
            await AddHostAsync(host);
        await IpAsync("link", "add", Server, "netns", Server, "type", "veth", "peer", "name", Client, "netns", Client);
        var number = 1;
        foreach (var host in new[] { Server, Client })
        {
            await RunAsync(host, TimeSpan.FromSeconds(5), "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", $"net.ipv6.conf.{host}.accept_dad=0");
            await IpAsync("-n", host, "link", "set", "lo", "up");
            await IpAsync("-n", host, "link", "set", host, "up");
            await IpAsync("-n", host, "-6", "addr", "add", $"2001:db8:1::{number++}/64", "dev", host, "nodad");
        }
    }
}
