using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Lease.Kernel.IO;
using Lease.Protocol;
using Lease.Transport.Udp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Transport.Tests;

public sealed class UdpServerTests
{
    private static readonly UdpListen Loopback = new("lo", new Ipv6Address(UInt128.One));

    [Fact]
    public async Task A_datagram_arrives_with_its_source_and_the_answer_goes_back()
    {
        using var handler = new Collector();
        using var server = Start(handler);
        using var client = new UdpClient(AddressFamily.InterNetworkV6);
        client.Connect(IPAddress.IPv6Loopback, server.Port);
        await client.SendAsync(new byte[] { 1, 2, 3 });
        var datagram = await handler.NextAsync();
        datagram.Data.ToArray().ShouldBe([1, 2, 3]);
        datagram.Source.Port.ShouldBe((ushort)((IPEndPoint)client.Client.LocalEndPoint!).Port);
        datagram.Source.Address.ShouldBe(UInt128.One);
        datagram.IsMulticast.ShouldBeFalse();
        datagram.Channel.InterfaceName.ShouldBe("lo");
        datagram.Channel.Send([4, 5], datagram.Source).ShouldBeTrue();
        (await client.ReceiveAsync().WaitAsync(TimeSpan.FromSeconds(10))).Buffer.ShouldBe([4, 5]);
        (server.Counters.Received, server.Counters.Sent).ShouldBe((1, 1));
        datagram.Release();
        datagram.Release();
    }

    [Fact]
    public async Task Datagrams_that_have_gathered_arrive_each_with_its_octets_and_its_source()
    {
        const int each = 50;
        using var handler = new Collector(holdsFirst: true);
        using var server = Start(handler);
        using var one = new UdpClient(AddressFamily.InterNetworkV6);
        using var other = new UdpClient(AddressFamily.InterNetworkV6);
        UdpClient[] clients = [one, other];
        foreach (var client in clients)
            client.Connect(IPAddress.IPv6Loopback, server.Port);
        for (var i = 0; i < each; i++)
        {
            // Of any size: none, and one that is larger than the one before at the same place of a batch.
            foreach (var client in clients)
                await client.SendAsync(Enumerable.Repeat((byte)i, i * i).ToArray());
        }

        handler.Go();
        var next = new int[clients.Length];
        for (var i = 0; i < each * clients.Length; i++)
        {
            var datagram = await handler.NextAsync();
            var sender = Array.FindIndex(clients, c => ((IPEndPoint)c.Client.LocalEndPoint!).Port == datagram.Source.Port);
            var number = next[sender]++;
            datagram.Data.ToArray().ShouldBe(Enumerable.Repeat((byte)number, number * number));
            datagram.Release();
        }

        server.Counters.Received.ShouldBe(each * clients.Length);
        server.Held.ShouldBe(0);
    }

    [Fact]
    public async Task Sending_allocates_nothing()
    {
        using var handler = new Collector();
        using var server = Start(handler);
        using var client = new UdpClient(AddressFamily.InterNetworkV6);
        client.Connect(IPAddress.IPv6Loopback, server.Port);
        await client.SendAsync(new byte[] { 1 });
        var datagram = await handler.NextAsync();
        for (var i = 0; i < 100; i++)
            datagram.Channel.Send([1], datagram.Source);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            datagram.Channel.Send([1], datagram.Source);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    [Fact]
    public async Task What_nobody_deals_with_is_bounded_and_what_comes_beyond_is_dropped_and_counted()
    {
        using var handler = new Collector();
        using var server = Start(handler);
        using var client = new UdpClient(AddressFamily.InterNetworkV6);
        client.Connect(IPAddress.IPv6Loopback, server.Port);
        var held = new List<Datagram>();
        for (var sent = 1; server.Counters.Overload == 0; sent++)
        {
            // One at a time: the socket's buffer must not be what drops.
            await client.SendAsync(new byte[60_000]);
            for (var end = DateTime.UtcNow.AddSeconds(10); held.Count + server.Counters.Overload < sent; await Task.Yield())
            {
                DateTime.UtcNow.ShouldBeLessThan(end);
                if (handler.TryNext() is { } next)
                    held.Add(next);
            }
        }

        server.Held.ShouldBe(held.Count * (60_000L + DatagramBudget.Overhead));
        server.Held.ShouldBeInRange(30 << 20, 32 << 20);
        foreach (var datagram in held)
        {
            datagram.Release();
            datagram.Release();
        }

        server.Held.ShouldBe(0);
        await client.SendAsync(new byte[] { 1 });
        (await handler.NextAsync()).Length.ShouldBe(1);
    }

    [Fact]
    public void A_taken_port_is_refused_with_advice()
    {
        using var handler = new Collector();
        using var server = Start(handler);
        var taken = server.Port;
        Should.Throw<ListenException>(() => UdpServer.Start([Loopback], taken, handler, TimeProvider.System, NullLogger.Instance))
            .Message.ShouldContain("another program listens there");
    }

    [Fact]
    public void A_missing_interface_is_named_with_those_that_are_there()
        => Should.Throw<ListenException>(() => UdpServer.Start([new UdpListen("nowhere0", Unicast: null)], 0, new Collector(), TimeProvider.System, NullLogger.Instance))
            .Message.ShouldContain("there is no interface nowhere0: there are lo");

    [Fact]
    public void An_address_that_the_interface_has_not_is_refused()
        => Should.Throw<ListenException>(() => UdpServer.Start([new UdpListen("lo", new Ipv6Address(new UInt128(0x20010db800000000, 77)))], 0, new Collector(), TimeProvider.System, NullLogger.Instance))
            .Message.ShouldContain("no such address");

    private static UdpServer Start(Collector handler) => UdpServer.Start([Loopback], 0, handler, TimeProvider.System, NullLogger.Instance);

    private sealed class Collector(bool holdsFirst = false) : IDatagramHandler, IDisposable
    {
        private readonly Channel<Datagram> received = Channel.CreateUnbounded<Datagram>();
        private readonly ManualResetEventSlim go = new(!holdsFirst);

        public void Go() => go.Set();

        public void Dispose() => go.Dispose();

        public async Task<Datagram> NextAsync() => await received.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));

        public Datagram? TryNext() => received.Reader.TryRead(out var datagram) ? datagram : null;

        public void Handle(Datagram datagram)
        {
            go.Wait(TimeSpan.FromSeconds(10)).ShouldBeTrue();
            received.Writer.TryWrite(datagram);
        }

        public void AfterReceive(bool more)
        {
            // Nothing was put off.
        }
    }
}
