using System.Net;
using System.Net.Sockets;
using Lease.Kernel.IO;
using Lease.Transport.Udp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lease.Transport.Tests;

public sealed class SegmentBatchTests : IDisposable
{
    private const int UdpLevel = 17;
    private const int NoChecksumSent = 101;
    private const int NoChecksumTaken = 102;

    private readonly Socket socket = Bound();
    private readonly Socket[] receivers = [Bound(), Bound()];
    private readonly UdpCounters counters = new();
    private readonly UdpChannel channel;

    public SegmentBatchTests()
    {
        channel = new UdpChannel(socket, "lo", answers: null, new Nobody(), counters, new DatagramBudget(1 << 20), TimeProvider.System, NullLogger.Instance);
        channel.NoteFast(comesFast: true);
    }

    public void Dispose()
    {
        channel.Dispose();
        foreach (var receiver in receivers)
            receiver.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Datagrams_arrive_as_they_were_sent_each_with_its_octets_in_their_order(bool isRefused)
    {
        if (isRefused)
            RefuseSegments();
        var random = new Random(5);
        for (var round = 0; round < 200; round++)
        {
            var sent = new[] { new List<byte[]>(), new List<byte[]>() };
            SendScope.Begin();

            // Runs of one size and one destination, in between what breaks them; some are larger than a segment may be.
            for (var run = 0; run < 6; run++)
            {
                var size = random.Next(5) == 0 ? random.Next(1200, 3000) : random.Next(1, 300);
                var to = random.Next(2);
                for (var i = random.Next(1, 12); i > 0; i--)
                    Send(random, sent, random.Next(8) == 0 ? random.Next(1, 1300) : size, to);
            }

            SendScope.End();
            for (var to = 0; to < 2; to++)
            {
                foreach (var datagram in sent[to])
                    Received(to).ShouldBe(datagram);
            }
        }

        receivers.ShouldAllBe(static r => r.Available == 0);
        channel.RefusesSegments.ShouldBe(isRefused);
        counters.SendErrors.ShouldBe(0);
    }

    [Theory]
    [InlineData(64, 100)]
    [InlineData(65, 1232)]
    [InlineData(100, 1232)]
    [InlineData(300, 1)]
    public void As_many_as_come_leave(int count, int size)
    {
        var random = new Random(5);
        var sent = new[] { new List<byte[]>() };
        SendScope.Begin();
        for (var i = 0; i < count; i++)
            Send(random, sent, size, to: 0);
        SendScope.End();
        foreach (var datagram in sent[0])
            Received(0).ShouldBe(datagram);
        counters.Sent.ShouldBe(count);
    }

    [Fact]
    public void Nothing_waits_outside_of_a_scope_and_nothing_is_allocated_in_one()
    {
        channel.Send([1], EndpointOf(0)).ShouldBeTrue();
        Received(0).ShouldBe([1]);
        long before = 0;
        for (var i = 0; i < 2; i++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            SendScope.Begin();
            for (var n = 0; n < 100; n++)
                channel.Send([1, 2], EndpointOf(0)).ShouldBeTrue();
            SendScope.End();
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    [Fact]
    public void Nothing_waits_where_datagrams_do_not_come_fast()
    {
        SendScope.Begin();
        channel.Send([1], EndpointOf(0));
        counters.Sent.ShouldBe(0);
        channel.NoteFast(comesFast: false);
        channel.Send([2], EndpointOf(0));
        counters.Sent.ShouldBe(2);
        SendScope.End();
        (Received(0)[0], Received(0)[0]).ShouldBe(((byte)1, (byte)2));
    }

    [Fact]
    public void A_closed_socket_takes_nothing_and_nobody_is_hurt()
    {
        SendScope.Begin();
        for (var i = 0; i < 10; i++)
            channel.Send([1, 2], EndpointOf(0));
        channel.Dispose();
        SendScope.End();
        counters.Sent.ShouldBe(0);
    }

    [Fact]
    public void What_the_system_does_not_take_is_counted_each()
    {
        SendScope.Begin();
        for (var i = 0; i < 10; i++)
            channel.Send([1, 2], EndpointOf(0) with { Port = 0 });
        SendScope.End();
        (counters.Sent, counters.SendErrors).ShouldBe((0, 10));
        channel.RefusesSegments.ShouldBeFalse("the destination is at fault");
        channel.Send([1], EndpointOf(0)).ShouldBeTrue();
        Received(0).ShouldBe([1]);
    }

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20, ReceiveTimeout = 10_000 };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        return socket;
    }

    // Linux sends no segments where it shall send no checksums.
    private void RefuseSegments()
    {
        socket.SetRawSocketOption(UdpLevel, NoChecksumSent, BitConverter.GetBytes(1));
        foreach (var receiver in receivers)
            receiver.SetRawSocketOption(UdpLevel, NoChecksumTaken, BitConverter.GetBytes(1));
    }

    private UdpEndpoint EndpointOf(int receiver) => new(UInt128.One, (ushort)((IPEndPoint)receivers[receiver].LocalEndPoint!).Port, 0);

    private void Send(Random random, List<byte[]>[] sent, int size, int to)
    {
        var datagram = new byte[size];
        random.NextBytes(datagram);
        sent[to].Add(datagram);
        channel.Send(datagram, EndpointOf(to)).ShouldBeTrue();
    }

    private byte[] Received(int receiver)
    {
        var buffer = new byte[4000];
        return buffer[..receivers[receiver].Receive(buffer)];
    }

    private sealed class Nobody : IDatagramHandler
    {
        public void Handle(Datagram datagram) => datagram.Release();

        public void AfterReceive(bool more)
        {
        }
    }
}
