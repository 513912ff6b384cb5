using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Lease.Testing;

namespace Lease.Cluster.Tests.Hosts;

/// <summary>
/// Hosts as network namespaces of this process' own, on one bridge in a further one. Every host has one interface, eth0, with an address in fd00::/64. Whole hosts can be cut off, and
/// single directions between two hosts: then the sender has a wrong link-layer address for the other, so that what it sends is lost without a word, as behind a broken switch.
/// Everything that was started here is ended, and the namespaces are removed, with this object.
/// </summary>
internal sealed class TestNetwork : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly ConcurrentDictionary<TestNetwork, bool> All = new();
    private static int lastNumber;
    private static volatile bool ending;

    private readonly Lock gate = new();
    private readonly List<RunningProgram> programs = [];
    private readonly Dictionary<string, IPAddress> hosts = new(StringComparer.Ordinal);

    // Several faults may cut the same: it is mended with the last of them.
    private readonly Dictionary<(string From, string To), int> cuts = [];
    private readonly string prefix = $"f{Environment.ProcessId % 100000}x{Interlocked.Increment(ref lastNumber)}";

    private Task? removal;

    private TestNetwork() => Folder = Directory.CreateTempSubdirectory("lease-faults-").FullName;

    /// <summary>For files of the test; everybody may look in.</summary>
    public string Folder { get; }

    /// <summary>Why there can be none; null when there can.</summary>
    public static string? Missing
    {
        get
        {
            if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
                return "needs root on Linux: it makes network namespaces";
            return new[] { "ip", "dumpcap", "sysctl", "runuser" }.FirstOrDefault(static t => Find(t) is null) is { } tool ? $"needs {tool}, which ./test installs on Debian as root" : null;
        }
    }

    public static string? Find(string tool)
        => new[] { "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/" }.Select(folder => folder + tool).FirstOrDefault(File.Exists);

    public static async Task<TestNetwork> CreateAsync()
    {
        if (ending)
            throw new FaultTestException("this process is told to end");
        var network = new TestNetwork();
        All.TryAdd(network, true);
        File.SetUnixFileMode(network.Folder, (UnixFileMode)0b111_101_101);
        await IpAsync("netns", "add", network.prefix);
        await IpAsync("-n", network.prefix, "link", "add", "bridge", "type", "bridge");
        await IpAsync("-n", network.prefix, "link", "set", "bridge", "up");
        return network;
    }

    public IPAddress AddressOf(string host) => hosts[host];

    public async Task AddHostAsync(string host, string address)
    {
        var name = NamespaceOf(host);
        await IpAsync("netns", "add", name);
        hosts[host] = IPAddress.Parse(address);
        await IpAsync("link", "add", "eth0", "netns", name, "type", "veth", "peer", "name", host, "netns", prefix);
        await RunAsync(host, "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.eth0.accept_dad=0");
        await IpAsync("-n", prefix, "link", "set", host, "master", "bridge", "up");
        await IpAsync("-n", name, "link", "set", "lo", "up");
        await IpAsync("-n", name, "link", "set", "eth0", "up");
        await IpAsync("-n", name, "-6", "addr", "add", address + "/64", "dev", "eth0", "nodad");
    }

    /// <summary>One more address, which only those reach that have a route to it.</summary>
    public Task AddServiceAddressAsync(string host, string address) => IpAsync("-n", NamespaceOf(host), "-6", "addr", "add", address + "/128", "dev", "lo", "nodad");

    /// <summary>From now on a host reaches a service address at another host.</summary>
    public Task RouteAsync(string host, string address, string via) => IpAsync("-n", NamespaceOf(host), "-6", "route", "replace", address + "/128", "via", hosts[via].ToString());

    /// <summary>Nothing from one host gets to the other; the other direction stays.</summary>
    public async Task CutAsync(string from, string to)
    {
        lock (gate)
            cuts[(from, to)] = cuts.GetValueOrDefault((from, to)) + 1;
        await IpAsync("-n", NamespaceOf(from), "neigh", "replace", hosts[to].ToString(), "lladdr", "02:00:00:de:ad:00", "dev", "eth0", "nud", "permanent");
    }

    public async Task MendAsync(string from, string to)
    {
        lock (gate)
        {
            if (--cuts[(from, to)] > 0)
                return;
            cuts.Remove((from, to));
        }

        await IpAsync("-n", NamespaceOf(from), "neigh", "del", hosts[to].ToString(), "dev", "eth0");
    }

    /// <summary>Nobody reaches the host, and it reaches nobody, until it is joined again.</summary>
    public Task SetJoinedAsync(string host, bool joined) => IpAsync("-n", prefix, "link", "set", host, joined ? "up" : "down");

    /// <summary>Ends every cut and isolation.</summary>
    public async Task MendAllAsync()
    {
        (string From, string To)[] all;
        lock (gate)
            all = [.. cuts.SelectMany(static c => Enumerable.Repeat(c.Key, c.Value))];
        foreach (var (from, to) in all)
            await MendAsync(from, to);
        foreach (var host in hosts.Keys)
            await SetJoinedAsync(host, joined: true);
    }

    public RunningProgram Start(string host, string program, params IEnumerable<string> arguments)
    {
        var path = program.Contains('/', StringComparison.Ordinal) ? program : Find(program) ?? program;
        lock (gate)
        {
            if (removal is not null)
                throw new FaultTestException("the network is being removed");
            var started = new RunningProgram(Find("ip")!, ["netns", "exec", NamespaceOf(host), path, .. arguments]);
            programs.Add(started);
            return started;
        }
    }

    /// <summary>Runs a program to its end and gives what it printed; it must end with code 0.</summary>
    public async Task<string> RunAsync(string host, string program, params IEnumerable<string> arguments)
    {
        var all = arguments.ToList();
        await using var started = Start(host, program, all);
        if (!await started.WaitForExitAsync(Patience))
            throw new FaultTestException($"{program} {string.Join(' ', all)} did not end:\n{started.Output}");
        if (started.ExitCode != 0)
            throw new FaultTestException($"{program} {string.Join(' ', all)} ended with code {started.ExitCode}:\n{started.Output}");
        lock (gate)
            programs.Remove(started);
        return started.StandardOutput;
    }

    /// <summary>Makes something, a socket for one, in a host; it stays there.</summary>
    public T Within<T>(string host, Func<T> make) => NetworkNamespace.Run($"/run/netns/{NamespaceOf(host)}", make);

    /// <summary>Removes everything: this process is told to end.</summary>
    public static async Task RemoveAllAsync()
    {
        ending = true;
        foreach (var network in All.Keys)
            await network.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Task removing;
        lock (gate)
            removing = removal ??= RemoveAsync();
        await removing;
    }

    private async Task RemoveAsync()
    {
        await Task.Yield();
        RunningProgram[] started;
        lock (gate)
            started = [.. Enumerable.Reverse(programs)];

        // The last started is the first to end.
        foreach (var program in started)
            await program.DisposeAsync();
        foreach (var host in hosts.Keys.Select(NamespaceOf).Append(prefix))
        {
            // What was not made yet need not be removed.
            if (File.Exists("/run/netns/" + host))
                await IpAsync("netns", "del", host);
        }

        for (var attempt = 0; Directory.Exists(Folder); attempt++)
        {
            try
            {
                Directory.Delete(Folder, recursive: true);
            }
            catch (IOException) when (attempt < 20)
            {
                // A process that is just ending still wrote.
                await Task.Delay(100);
            }
        }

        All.TryRemove(this, out _);
    }

    private static async Task IpAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Find("ip")!, arguments) { RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new FaultTestException($"ip {string.Join(' ', arguments)}: {error}");
    }

    private string NamespaceOf(string host) => $"{prefix}{host}";
}
