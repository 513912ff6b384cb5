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
    // EINVAL: the system is older than UDP_SEGMENT. EIO: packets of this socket take a way on which it cannot be, as through IPsec.
    private const int InvalidArgument = 22;
    private const int IoError = 5;
    private const int NotTried = -1;

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
    private volatile bool refusesSegments;
    private int fastSources;

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

    /// <summary>Whether the system has been found not to send several datagrams at once from here.</summary>
    public bool RefusesSegments => refusesSegments;

    public void Start() => thread.Start();

    public void SendMulticastBy(int interfaceIndex) => socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, interfaceIndex);

    public bool Send(ReadOnlySpan<byte> data, in UdpEndpoint destination)
    {
        if (answers is not null)
            return answers.Send(data, destination);
        if (!SendScope.IsOpen)
            return SendAlone(data, destination);
        var batch = SegmentBatch.OfThread;
        if (Volatile.Read(ref fastSources) > 0 && SegmentBatch.Takes(data.Length))
        {
            batch.Add(this, data, destination);
            return true;
        }

        batch.Flush();
        return SendAlone(data, destination);
    }

    /// <summary>Sends datagrams of <paramref name="segment"/> octets, of which the last may be shorter.</summary>
    /// <param name="datagrams">One behind the other.</param>
    /// <param name="segment">Octets of each but the last.</param>
    /// <param name="destination">Where they all go.</param>
    public void Send(ReadOnlySpan<byte> datagrams, int segment, in UdpEndpoint destination)
    {
        var error = datagrams.Length > segment && !RefusesSegments ? TrySendTogether(datagrams, segment, destination) : NotTried;
        if (error == 0)
            return;
        var isEachTaken = true;
        while (!datagrams.IsEmpty)
        {
            var one = datagrams[..Math.Min(segment, datagrams.Length)];
            isEachTaken &= SendAlone(one, destination);
            datagrams = datagrams[one.Length..];
        }

        // The same errors are those of a destination that cannot be, as port 0, of which anybody can say that he is there.
        if (isEachTaken && error is (InvalidArgument or IoError))
            Refuse(error);
    }

    /// <summary>On one more, or one less, of the sockets whose answers leave here datagrams come fast: then answers gather.</summary>
    public void NoteFast(bool comesFast) => Interlocked.Add(ref fastSources, comesFast ? 1 : -1);

    public void Dispose()
    {
        stopping = true;
        socket.Dispose();
        if (thread.IsAlive)
            thread.Join();
    }

    // The system's error number; 0: it took them, or the socket is closed.
    private int TrySendTogether(ReadOnlySpan<byte> datagrams, int segment, in UdpEndpoint destination)
    {
        try
        {
            var error = SegmentBatch.SendTogether(socket.SafeHandle, datagrams, segment, destination);
            if (error == 0)
                counters.CountSent((datagrams.Length + segment - 1) / segment);
            return error;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    private void Refuse(int error)
    {
        refusesSegments = true;
        logger.SegmentsRefused(InterfaceName, error);
    }

    private bool SendAlone(ReadOnlySpan<byte> data, in UdpEndpoint destination)
    {
        var address = destinationOfThread ??= SocketAddresses.Make();
        SocketAddresses.Set(address, destination);
        try
        {
            socket.SendTo(data, SocketFlags.None, address);
            counters.CountSent(1);
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

    private void ReceiveLoop()
    {
        using var batch = new DatagramBatch();
        var pace = new ArrivalPace(time);
        var comesFast = false;
        while (!stopping)
        {
            try
            {
                var count = batch.Receive(socket.SafeHandle);
                if (stopping)
                    return;
                Take(batch, count);
                var more = count == DatagramBatch.Capacity;
                handler.AfterReceive(more);
                if (comesFast != pace.ShouldPause(count))
                {
                    comesFast = !comesFast;
                    (answers ?? this).NoteFast(comesFast);
                }

                if (comesFast && !more)
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

    // Those of them that are for other nodes leave together.
    private void Take(DatagramBatch batch, int count)
    {
        SendScope.Begin();
        try
        {
            for (var i = 0; i < count; i++)
                Take(batch.Data(i), SocketAddresses.Get(batch.Source(i)));
        }
        finally
        {
            SendScope.End();
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
