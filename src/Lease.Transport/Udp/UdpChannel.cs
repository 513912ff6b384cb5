using System.Net;
using System.Net.Sockets;
using Lease.Kernel.IO;
using Lease.Protocol;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Udp;

/// <summary>
/// A socket with a receive loop of its own. A socket that is bound to a multicast group only receives; its answers leave through the interface's unicast socket, so
/// that they come from the server's address and port.
/// </summary>
internal sealed class UdpChannel : IDatagramChannel, IDisposable
{
    // For some datagrams to gather, when they come fast.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    [ThreadStatic]
    private static SocketAddress? destinationOfThread;

    private readonly Socket socket;
    private readonly UdpChannel? answers;
    private readonly IDatagramHandler handler;
    private readonly UdpCounters counters;
    private readonly DatagramBudget budget;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Thread thread;
    private volatile bool stopping;

    public UdpChannel(
        Socket socket, string interfaceName, UdpChannel? answers, IDatagramHandler handler, UdpCounters counters, DatagramBudget budget, TimeProvider time, ILogger logger)
    {
        this.socket = socket;
        this.answers = answers;
        this.handler = handler;
        this.counters = counters;
        this.budget = budget;
        this.time = time;
        this.logger = logger;
        InterfaceName = interfaceName;
        thread = new Thread(ReceiveLoop) { Name = $"udp-{interfaceName}", IsBackground = true };
    }

    public string InterfaceName { get; }

    public IPAddress LocalAddress => ((IPEndPoint)socket.LocalEndPoint!).Address;

    public int LocalPort => ((IPEndPoint)socket.LocalEndPoint!).Port;

    public void Start() => thread.Start();

    public void SendMulticastBy(int interfaceIndex) => socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, interfaceIndex);

    public bool Send(ReadOnlySpan<byte> data, in UdpEndpoint destination)
    {
        if (answers is not null)
            return answers.Send(data, destination);
        var address = destinationOfThread ??= SocketAddresses.Make();
        SocketAddresses.Set(address, destination);
        try
        {
            socket.SendTo(data, SocketFlags.None, address);
            counters.CountSent();
            return true;
        }
        catch (SocketException e)
        {
            counters.CountSendError();
            logger.SendFailed(new Ipv6Address(destination.Address).ToString(), destination.Port, InterfaceName, e.SocketErrorCode);
            return false;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        stopping = true;
        socket.Dispose();
        if (thread.IsAlive)
            thread.Join();
    }

    private void ReceiveLoop()
    {
        using var batch = new DatagramBatch();
        var pace = new ArrivalPace(time);
        while (!stopping)
        {
            try
            {
                var count = batch.Receive(socket.SafeHandle);
                if (stopping)
                    return;
                for (var i = 0; i < count; i++)
                    Take(batch.Data(i), SocketAddresses.Get(batch.Source(i)));
                var more = count == DatagramBatch.Capacity;
                handler.AfterReceive(more);
                if (pace.ShouldPause(count) && !more)
                    Thread.Sleep(Pause);
            }
            catch (SocketException e)
            {
                if (stopping)
                    return;

                // ICMP errors of earlier sends come up here; they concern nobody who sends now.
                counters.CountReceiveError();
                logger.ReceiveFailed(InterfaceName, e.SocketErrorCode);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Take(ReadOnlySpan<byte> data, in UdpEndpoint source)
    {
        counters.CountReceived();
        if (budget.TryTake(data.Length))
            handler.Handle(new Datagram(data, source, answers is not null, this, time.GetUtcNow().ToUnixTimeMilliseconds(), budget));
        else
            counters.CountOverload();
    }
}
