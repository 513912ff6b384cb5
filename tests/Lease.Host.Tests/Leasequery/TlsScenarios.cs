using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Lease.Actors.Leasequery;
using Lease.Host.Tests.Dhcp6;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp6;
using Lease.Testing;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Host.Tests.Leasequery;

/// <summary>STARTTLS (RFC 7653) with certificates made by the commands of docs/tls.md.</summary>
public sealed class TlsScenarios : IDisposable
{
    private static readonly LeasequeryRequest All = LeasequeryRequest.ByLink(default);

    private readonly string directory = Directory.CreateTempSubdirectory("lease-tls-").FullName;

    public TlsScenarios() => Run(CommandsOfThePage());

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task A_requestor_with_a_good_certificate_is_served_over_TLS()
    {
        await using var server = await StartAsync("required", "\"certificate\": \"CN=router-7\"");
        await server.Client().BindAsync();
        await using var connection = await ConnectAsync(server, "router-7");
        (await QueriedServer.CollectAsync(connection.BulkAsync(All, QueriedServer.Deadline()))).ShouldHaveSingleItem();
        var update = new TaskCompletionSource<ActiveUpdate>();
        _ = connection.ActiveAsync(LeasequeryRequest.Everything, u => _ = u.Client is not null && update.TrySetResult(u), QueriedServer.Deadline());
        while (server.Server.LeasequeryCounters[LeasequeryCount.ActiveQueries] == 0)
            await Task.Yield();
        await server.Client().BindAsync();
        (await update.Task.WaitAsync(QueriedServer.Deadline())).Client.ShouldNotBeNull();
    }

    [Fact]
    public async Task Ten_active_requestors_that_closed_leave_room_for_the_eleventh()
    {
        await using var server = await StartAsync("required");
        var counters = server.Server.LeasequeryCounters;
        for (var i = 1; i <= 10; i++)
        {
            await using var connection = await ConnectAsync(server, "router-7");
            _ = connection.ActiveAsync(LeasequeryRequest.Everything, static _ => { }, QueriedServer.Deadline());
            await Eventually.TrueAsync(() => Task.FromResult(counters[LeasequeryCount.ActiveQueries] == i), "asked");
        }

        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await using var eleventh = await ConnectAsync(server, "router-7");
                    return true;
                }
                catch (IOException)
                {
                    return false;
                }
            },
            "there is room for another connection");
    }

    [Fact]
    public async Task TLS_that_is_off_is_refused_and_the_connection_goes_on_without()
    {
        await using var server = await StartAsync("off");
        (await Should.ThrowAsync<LeasequeryException>(ConnectAsync(server, "router-7"))).Status.ShouldBe(StatusCode.TlsConnectionRefused);
        (await server.BulkAsync(All)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_query_without_TLS_is_refused_where_it_is_required_and_served_where_it_is_allowed()
    {
        await using var server = await StartAsync("required");
        (await Should.ThrowAsync<LeasequeryException>(server.BulkAsync(All))).Status.ShouldBe(StatusCode.NotAllowed);
        await using var lax = await StartAsync("allowed");
        (await lax.BulkAsync(All)).ShouldBeEmpty();
        await using var connection = await ConnectAsync(lax, "router-7");
        (await QueriedServer.CollectAsync(connection.BulkAsync(All, QueriedServer.Deadline()))).ShouldBeEmpty();
    }

    [Fact]
    public async Task Expired_unknown_and_other_certificates_are_refused()
    {
        Run("""
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=stranger" -keyout stranger.key -out stranger.pem
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=other" -keyout other.key -out other.csr
            openssl x509 -req -in other.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -extfile router-7.ext -out other.pem
            """);
        var log = new LogLines();
        await using var server = await StartAsync("required", "\"certificate\": \"CN=router-7\"", log: log);
        await RefusedAsync(server, "stranger");
        await LoggedAsync(log, "CN=stranger", "no known authority has signed it");
        await RefusedAsync(server, "other");
        server.Server.LeasequeryCounters[LeasequeryCount.NotAllowed].ShouldBe(1);
        await LoggedAsync(log, "its certificate is not CN=router-7");
        await WithoutCertificateAsync(server);
        await LoggedAsync(log, "TLS with [::1]", "no certificate was shown");

        // Two years on, by the server's clock, everything has expired.
        await using var later = await StartAsync("required", years: 2, log: log);
        await RefusedAsync(later, "router-7");
        await LoggedAsync(log, "CN=router-7", "expired on");
    }

    [Fact]
    public async Task Certificates_are_read_again_when_their_files_change()
    {
        await using var server = await StartAsync("required");
        await using (await ConnectAsync(server, "router-7"))
        {
            Run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj \"/CN=new authority\" -keyout ca.key -out new-ca.pem && cp new-ca.pem ca.pem && touch -d '+1 hour' ca.pem");
            server.Time.Advance(TimeSpan.FromSeconds(2));
            await RefusedAsync(server, "router-7");
        }
    }

    private static string CommandsOfThePage()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Lease.sln")))
            folder = Path.GetDirectoryName(folder)!;
        var page = File.ReadAllText(Path.Combine(folder, "docs", "tls.md"));
        return Regex.Match(page, "```sh\n(?<commands>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)).Groups["commands"].Value;
    }

    private void Run(string commands)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-ec", commands]) { WorkingDirectory = directory, RedirectStandardError = true, RedirectStandardOutput = true })!;
        var output = shell.StandardError.ReadToEnd();
        shell.WaitForExit();
        shell.ExitCode.ShouldBe(0, output);
    }

    private Task<TestServer> StartAsync(string tls, string more = "", int years = 0, LogLines? log = null)
    {
        var requestor = more.Length == 0 ? $"\"tls\": \"{tls}\"" : $"\"tls\": \"{tls}\", {more}";
        return TestServer.StartAsync(
            QueriedServer.Links,
            time: new Kernel.TestKit.VirtualTime(DateTimeOffset.UtcNow.AddYears(years)),
            loggers: log,
            leasequery: $$"""
                "requestors": [{"from": "::1", {{requestor}}}], "tcp": {"addresses": ["::1"]},
                "tls": {"certificate": "{{directory}}/server.pem", "key": "{{directory}}/server.key", "authorities": "{{directory}}/ca.pem"}
                """);
    }

    private Task<RequestorConnection> ConnectAsync(TestServer server, string name)
    {
        var certificates = TlsCertificates.Load($"{directory}/{name}.pem", $"{directory}/{name}.key", $"{directory}/ca.pem", TimeProvider.System, NullLogger.Instance);
        return RequestorConnection.ConnectAsync(
            new IPEndPoint(IPAddress.IPv6Loopback, server.Server.LeasequeryPort), QueriedServer.Requestor, TimeSpan.FromSeconds(20), TimeProvider.System, certificates, QueriedServer.Deadline());
    }

    private static Task LoggedAsync(LogLines log, params string[] words)
        => Eventually.TrueAsync(() => Task.FromResult(log.Lines.Any(l => words.All(w => l.Contains(w, StringComparison.Ordinal)))), $"logged: {string.Join(", ", words)}");

    private static async Task WithoutCertificateAsync(TestServer server)
    {
        using var client = new System.Net.Sockets.TcpClient(System.Net.Sockets.AddressFamily.InterNetworkV6);
        await client.ConnectAsync(IPAddress.IPv6Loopback, server.Server.LeasequeryPort);
        await using var plain = client.GetStream();
        await plain.WriteAsync(new byte[] { 0, 4, (byte)MessageType.StartTls, 0, 0, 1 });
        var reply = new byte[6];
        await plain.ReadExactlyAsync(reply);
        reply[2].ShouldBe((byte)MessageType.Reply);
        await using var secure = new System.Net.Security.SslStream(plain, leaveInnerStreamOpen: true, static (_, _, _, _) => true);
        await Should.ThrowAsync<Exception>(async () =>
        {
            await secure.AuthenticateAsClientAsync("lease-1");
            await secure.ReadExactlyAsync(reply);
        });
    }

    // With TLS 1.3 a client learns only afterwards that its certificate was refused.
    private async Task RefusedAsync(TestServer server, string name)
        => await Should.ThrowAsync<IOException>(async () =>
        {
            await using var connection = await ConnectAsync(server, name);
            await QueriedServer.CollectAsync(connection.BulkAsync(All, QueriedServer.Deadline()));
        });
}
