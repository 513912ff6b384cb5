using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Lease.Peers.Dhcp4;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Testing;

namespace Lease.Interop.Tests;

/// <summary>No IPv4 address, and no port set of one, is two clients' at once: under load with releases, declines, expiry and kill -9, judged by what was acknowledged on the wire.</summary>
public sealed class Dhcp4Doubles
{
    private const int ValidSeconds = 4;

    private readonly ConcurrentDictionary<(Ipv4Address, PortParameters), (int Client, DateTime Until)> holders = new();
    private readonly ConcurrentBag<string> violations = [];
    private int acknowledged;
    private int ended;

    [Fact]
    public async Task Nobody_gets_what_another_client_has()
    {
        var rounds = int.Parse(Environment.GetEnvironmentVariable("LEASE_KILL_ROUNDS") ?? "3", CultureInfo.InvariantCulture);
        var folder = Directory.CreateTempSubdirectory("lease-doubles-").FullName;
        var port = FreePort();
        var file = Path.Combine(folder, "lease.json");
        await File.WriteAllTextAsync(file, Configuration(port));
        var clients = new List<SimulatedDhcp4Client>();
        await using var peer = new Dhcp4Peer(new IPEndPoint(IPAddress.IPv6Loopback, port), TimeProvider.System, new Random(7));
        for (var i = 0; i < 150; i++)
            clients.Add(new SimulatedDhcp4Client(peer, Duid.MakeLinkLayer(1, [2, 0, 0, 0, (byte)(i >> 8), (byte)i])) { AcceptsPortSets = i % 5 != 0 });
        using var stop = new CancellationTokenSource();
        var living = clients.Select((client, i) => LiveAsync(client, i, stop.Token)).ToList();
        for (var round = 0; round <= rounds; round++)
        {
            await using var server = new RunningProgram(ServerUnderTest.Binary(), ["serve", "--config", file, "--data", Path.Combine(folder, "data"), "--log-level", "Error"]);
            await ServedAsync(server);
            await server.SignalAsync(9);
            await server.WaitForExitAsync(TimeSpan.FromSeconds(10));
        }

        await stop.CancelAsync();
        await Task.WhenAll(living);
        Directory.Delete(folder, recursive: true);
        Assert.Empty(violations);
    }

    // A good while of it: until so many were acknowledged, and so many leases had ended, once more.
    private async Task ServedAsync(RunningProgram server)
    {
        var (acknowledgedThen, endedThen) = (Volatile.Read(ref acknowledged) + 300, Volatile.Read(ref ended) + 30);
        var deadline = Environment.TickCount64 + 60_000;
        while (Volatile.Read(ref acknowledged) < acknowledgedThen || Volatile.Read(ref ended) < endedThen)
        {
            Assert.False(server.HasExited, server.Output);
            Assert.True(Environment.TickCount64 < deadline, $"{acknowledged} acknowledged and {ended} ended: too few within a minute");
            await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None);
        }
    }

    // Fewer units than clients: 2 addresses with 16 port sets each, and 20 whole ones.
    private static string Configuration(int port) => $$$"""
        {"Lease": {"server-port": {{{port}}}, "client-port": 0, "leasequery": {"tcp": {"addresses": []} } },
         "Dhcp6": {"interfaces-config": {"interfaces": ["lo/::1"]}, "shared-networks": [{"name": "street", "subnet6": [{"id": 1, "subnet": "2001:db8:1::/64", "interface": "lo"}]}]},
         "Dhcp4": {"valid-lifetime": {{{ValidSeconds}}}, "decline-probation-period": 3, "offer-lifetime": 1,
          "shared-networks": [{"name": "street", "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [
            {"pool": "192.0.2.10-192.0.2.11", "port-sets": {"offset": 6, "psid-len": 4}}, {"pool": "192.0.2.100-192.0.2.119"}]}]}]} }
        """;

    private async Task LiveAsync(SimulatedDhcp4Client client, int number, CancellationToken stop)
    {
        var random = new Random(number);
        while (!stop.IsCancellationRequested)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(TimeSpan.FromMilliseconds(700));
            try
            {
                await ActAsync(client, number, random, patience.Token);
                await Task.Delay(random.Next(50, 400), stop);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // No answer in time: the server is dead, or there is nothing free.
            }
        }
    }

    private async Task ActAsync(SimulatedDhcp4Client client, int number, Random random, CancellationToken patience)
    {
        var key = (client.Address.GetValueOrDefault(), client.Ports.GetValueOrDefault());
        var isHeld = client.Address is not null && holders.TryGetValue(key, out var held) && held.Client == number && held.Until > DateTime.UtcNow;
        var sent = DateTime.UtcNow;
        if (!isHeld || random.Next(4) == 0)
        {
            // What it had has ended, or it begins anew: the server gives it the same while it is its own.
            Note(await client.BindAsync(cancellation: patience), client, number, sent, key);
        }
        else if (random.Next(3) > 0)
        {
            var reply = await client.RenewAsync(cancellation: patience);
            if (reply?.Type == Dhcp4MessageType.Nak)
                violations.Add($"{key} of client {number}, acknowledged and with time left, was refused at {DateTime.UtcNow:O}");
            Note(reply, client, number, sent, key);
        }
        else
        {
            // From now on the client does not use it; only then is it said.
            holders.TryRemove(key, out _);
            Interlocked.Increment(ref ended);
            if (random.Next(4) == 0)
                await client.DeclineAsync(CancellationToken.None);
            else
                await client.ReleaseAsync(CancellationToken.None);
        }
    }

    private void Note(Dhcp4Reply? reply, SimulatedDhcp4Client client, int number, DateTime sent, (Ipv4Address, PortParameters) before)
    {
        if (reply is null)
            return;
        if (reply.Type != Dhcp4MessageType.Ack)
        {
            // What was offered turned out to be another's: the client begins anew, and uses nothing meanwhile.
            holders.TryRemove(before, out _);
            return;
        }

        Interlocked.Increment(ref acknowledged);
        var key = (client.Address!.Value, client.Ports.GetValueOrDefault());
        if (key != before && holders.TryGetValue(before, out var own) && own.Client == number)
            holders.TryRemove(before, out _);

        // The client's time runs from its request: the server's began later, so it ends later.
        var until = sent.AddSeconds(ValidSeconds);
        holders.AddOrUpdate(
            key,
            (number, until),
            (_, held) =>
            {
                if (held.Client != number && held.Until > DateTime.UtcNow)
                    violations.Add($"{key} is client {held.Client}'s until {held.Until:O}, and was acknowledged to {number} at {DateTime.UtcNow:O}");
                return (number, until);
            });
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
