using System.Net;
using System.Net.Sockets;
using Lease.Host.Tests.Dhcp6;
using Lease.Transport;

namespace Lease.Host.Tests.Leasequery;

/// <summary>Where TCP cannot be listened the error says what to do, and nothing else is said about it.</summary>
public sealed class ListenScenarios
{
    [Fact]
    public async Task A_port_that_is_taken_is_named_with_the_remedy_and_the_log_stays_quiet()
    {
        using var other = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        other.Listen();
        var port = ((IPEndPoint)other.LocalEndPoint!).Port;
        var log = new LogLines();
        var refused = await Should.ThrowAsync<ListenException>(
            TestServer.StartAsync(QueriedServer.Links, leasequery: $$"""
                "tcp": {"addresses": ["::1"], "port": {{port}}}
                """, loggers: log));
        refused.Message.ShouldBe(
            $"cannot listen on ::1 TCP port {port}: another program listens there: "
            + "stop it, or choose another port (Lease.leasequery.tcp.port)");
        log.Lines.ShouldNotContain(static l => l.Contains("Bind failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_address_that_is_not_there_is_named()
    {
        var refused = await Should.ThrowAsync<ListenException>(
            TestServer.StartAsync(QueriedServer.Links, leasequery: "\"tcp\": {\"addresses\": [\"2001:db8::99\"]}"));
        refused.Message.ShouldContain("cannot listen on 2001:db8::99 TCP port");
        refused.Message.ShouldEndWith("this host has no such address (Lease.leasequery.tcp.addresses)");
    }

    [Fact]
    public async Task All_addresses_have_one_port_where_the_system_chooses_it()
    {
        var log = new LogLines();
        await using var server = await TestServer.StartAsync(
            QueriedServer.Links, leasequery: "\"tcp\": {\"addresses\": [\"::1\", \"::\"], \"port\": 0}", loggers: log);
        log.Lines.ShouldContain($"listening on ::1 TCP port {server.Server.LeasequeryPort}");
        log.Lines.ShouldContain($"listening on :: TCP port {server.Server.LeasequeryPort}");
        using var socket = Wire.Connect(server);
        await socket.SendAsync(Wire.Query(7));
        await Wire.ReadFrameAsync(socket);
    }
}
