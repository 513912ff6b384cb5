using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Lease.Kernel.IO;
using Lease.Kernel.Sharding;
using Lease.Transport.Links;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Host.Tests.Commands;

/// <summary>docs/cluster.md: the certificates of a cluster.</summary>
public sealed class ClusterInitCommandTests : IDisposable
{
    private readonly string directory = Path.Combine(Directory.CreateTempSubdirectory("lease-cluster-").FullName, "certificates");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(directory)!, recursive: true);

    [Fact]
    public async Task Each_node_gets_a_certificate_that_is_good_for_both_ends_of_a_link()
    {
        var output = await InitAsync("n1,n2,n3");
        Files().ShouldBe(["ca-key.pem", "ca.pem", "n1-key.pem", "n1.pem", "n2-key.pem", "n2.pem", "n3-key.pem", "n3.pem"]);
        foreach (var name in new[] { "ca", "n1", "n2", "n3" })
        {
            output.ShouldContain($"made {FileOf(name)}, valid until ");
            using var certificate = Read(name);
            certificate.NotAfter.ShouldBe(DateTime.Now.AddDays(3650), TimeSpan.FromHours(1));
            new FileInfo(FileOf($"{name}-key")).UnixFileMode.ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        using var n1 = Read("n1");
        n1.Subject.ShouldBe("CN=n1");
        n1.GetECDsaPublicKey()!.KeySize.ShouldBe(256);
        n1.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(static o => o.Value).ShouldBe(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
        await LinkAsync("n1", "n2");
        await LinkAsync("n2", "n1");
    }

    [Fact]
    public async Task Another_node_is_added_by_the_same_authority_and_what_is_there_is_kept()
    {
        await InitAsync("n1,n2");
        var before = Files().ToDictionary(static name => name, name => File.ReadAllText(Path.Combine(directory, name)));
        var output = await InitAsync("n1, n2,n4", "--days", "30");
        output.ShouldContain($"kept {FileOf("ca")}");
        output.ShouldContain($"kept {FileOf("n1")}");
        output.ShouldContain($"made {FileOf("n4")}, valid until {DateTime.UtcNow.AddDays(30):yyyy-MM-dd}");
        foreach (var (name, text) in before)
            File.ReadAllText(Path.Combine(directory, name)).ShouldBe(text);
        await LinkAsync("n4", "n1");
    }

    [Fact]
    public async Task A_certificate_that_was_removed_is_made_anew_and_never_outlives_the_authority()
    {
        await InitAsync("n1", "--days", "10");
        File.Delete(FileOf("n1"));
        File.Delete(FileOf("n1-key"));
        (await InitAsync("n1", "--days", "20")).ShouldContain($"made {FileOf("n1")}, valid until {DateTime.UtcNow.AddDays(10):yyyy-MM-dd}");
        using var authority = Read("ca");
        using var node = Read("n1");
        node.NotAfter.ShouldBe(authority.NotAfter);
    }

    [Fact]
    public async Task A_file_without_its_other_half_is_named()
    {
        await InitAsync("n1");
        File.Delete(FileOf("n1-key"));
        (await FailsAsync("n1")).ShouldContain($"{FileOf("n1")} is there and {FileOf("n1-key")} is not");
        File.Delete(FileOf("ca"));
        (await FailsAsync("n2")).ShouldContain($"{FileOf("ca-key")} is there and {FileOf("ca")} is not");
        File.Exists(FileOf("n2")).ShouldBeFalse();
    }

    [Fact]
    public async Task Files_that_are_something_else_are_named()
    {
        await InitAsync("n1");
        File.Copy(FileOf("n1"), FileOf("n2"));
        File.WriteAllText(FileOf("n2-key"), "no key");
        (await FailsAsync("n2")).ShouldContain($"{FileOf("n2")} and {FileOf("n2-key")} are not a certificate and its key");

        // A node's certificate signs nothing.
        File.Copy(FileOf("n1"), FileOf("ca"), overwrite: true);
        File.Copy(FileOf("n1-key"), FileOf("ca-key"), overwrite: true);
        (await FailsAsync("n3")).ShouldContain($"{FileOf("ca")} is no authority that can sign");
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_a_failure()
    {
        File.WriteAllText(directory, "a file");
        (await FailsAsync("n1")).ShouldContain(directory);
    }

    [Theory]
    [InlineData("", "--nodes must not be empty")]
    [InlineData("n1,,n2", "no name of a node")]
    [InlineData("ca", "\"ca\" is no name of a node")]
    [InlineData("n1-key", "\"n1-key\" is no name of a node")]
    [InlineData("../n1", "no name of a node")]
    [InlineData("n1 n2", "no name of a node")]
    [InlineData("n1", "--days", "--days", "0")]
    [InlineData("n1", "--days", "--days", "40000")]
    public async Task What_cannot_be_is_refused_and_nothing_is_made(string nodes, string problem, params string[] more)
    {
        var (code, _, errors) = await LeaseCommand.RunAsync(["cluster", "init", directory, "--nodes", nodes, .. more]);
        code.ShouldBe(2);
        errors.ShouldContain(problem);
        Directory.Exists(directory).ShouldBeFalse();
    }

    [Fact]
    public async Task Nodes_must_be_named()
    {
        var (code, _, errors) = await LeaseCommand.RunAsync("cluster", "init", directory);
        code.ShouldBe(2);
        errors.ShouldContain("--nodes");
    }

    [Fact]
    public void The_page_names_every_file()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Lease.sln")))
            folder = Path.GetDirectoryName(folder)!;
        var page = File.ReadAllText(Path.Combine(folder, "docs", "cluster.md"));
        foreach (var name in new[] { "ca.pem", "ca-key.pem", "n1.pem", "n1-key.pem" })
            page.ShouldMatch($"\\| `{Regex.Escape(name)}`");
    }

    private string FileOf(string name) => Path.Combine(directory, $"{name}.pem");

    private string[] Files() => [.. Directory.EnumerateFiles(directory).Select(static file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    private X509Certificate2 Read(string name) => X509Certificate2.CreateFromPemFile(FileOf(name), FileOf($"{name}-key"));

    private async Task<string> InitAsync(string nodes, params string[] more)
    {
        var (code, output, errors) = await LeaseCommand.RunAsync(["cluster", "init", directory, "--nodes", nodes, .. more]);
        code.ShouldBe(0, errors);
        return output;
    }

    private async Task<string> FailsAsync(string nodes)
    {
        var (code, _, errors) = await LeaseCommand.RunAsync("cluster", "init", directory, "--nodes", nodes);
        code.ShouldBe(1);
        return errors;
    }

    private async Task LinkAsync(string from, string to)
    {
        var received = new FirstPacket();
        var cluster = Guid.NewGuid();
        using var server = NodeLinks.Start(new IPEndPoint(IPAddress.IPv6Loopback, 0), new LinkIdentity(cluster, to), Load(to), received, TimeProvider.System, NullLogger.Instance);
        using var client = NodeLinks.Start(new IPEndPoint(IPAddress.IPv6Loopback, 0), new LinkIdentity(cluster, from), Load(from), received, TimeProvider.System, NullLogger.Instance);
        var packet = new ForwardedPacket(ForwardedService.Dhcp6, 0, isMulticast: false, default(UdpEndpoint), "eth0", [1]);
        client.TrySend(new NodeAddress(to, $"[::1]:{server.Port}"), packet).ShouldBeTrue();
        (await received.From.Task.WaitAsync(TimeSpan.FromSeconds(20))).ShouldStartWith($"{from} [::1]:");
    }

    [Fact]
    public void A_device_is_no_certificate()
        => Should.Throw<IOException>(static () => TlsCertificates.Load("/dev/zero", "key", "ca", TimeProvider.System, NullLogger.Instance))
            .Message.ShouldContain("/dev/zero is no regular file");

    private TlsCertificates Load(string name) => TlsCertificates.Load(FileOf(name), FileOf($"{name}-key"), FileOf("ca"), TimeProvider.System, NullLogger.Instance);

    private sealed class FirstPacket : INodeLinkHandler
    {
        public TaskCompletionSource<string> From { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnPacket(in ForwardedPacket packet, INodeLink from) => From.TrySetResult(from.Peer);

        public void OnReply(in ForwardedReply reply)
        {
            // None is sent.
        }
    }
}
