using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Lease.Kernel.IO;
using Lease.Protocol;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Tcp;

/// <summary>Listens for connections that carry framed messages, and asks for each who is to be told of it.</summary>
public sealed class TcpServer : IDisposable
{
    private const int Backlog = 512;

    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    private readonly List<Socket> listeners = [];
    private readonly HashSet<FrameConnection> connections = [];
    private readonly Lock gate = new();
    private readonly TcpServerOptions options;
    private readonly Func<IFrameConnection, IActorRef?> accept;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private volatile bool stopping;

    private TcpServer(TcpServerOptions options, Func<IFrameConnection, IActorRef?> accept, TimeProvider time, ILogger logger)
    {
        this.options = options;
        this.accept = accept;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>Figures of all connections.</summary>
    public TcpCounters Counters { get; } = new();

    /// <summary>The port of the first listener: the one chosen by the system when port 0 was asked for.</summary>
    public int Port => ((IPEndPoint)listeners[0].LocalEndPoint!).Port;

    /// <summary>Listens.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="accept">Called for each connection before anything is read; null refuses it.</param>
    /// <param name="time">The clock of timeouts.</param>
    /// <param name="logger">For the log.</param>
    /// <exception cref="ListenException">An address is not there, the port is taken or not permitted.</exception>
    public static TcpServer Start(TcpServerOptions options, Func<IFrameConnection, IActorRef?> accept, TimeProvider time, ILogger logger)
    {
        var server = new TcpServer(options, accept, time, logger);
        try
        {
            foreach (var address in options.Addresses)
                server.Listen(address);
        }
        catch (ListenException)
        {
            server.Dispose();
            throw;
        }

        foreach (var listener in server.listeners)
            _ = server.AcceptAsync(listener);
        return server;
    }

    /// <summary>Takes no more connections; those that are open stay.</summary>
    public void StopListening()
    {
        stopping = true;
        foreach (var listener in listeners)
            listener.Dispose();
    }

    /// <summary>Takes no more connections and ends those that are open.</summary>
    public void Dispose()
    {
        StopListening();
        FrameConnection[] open;
        lock (gate)
            open = [.. connections];
        foreach (var connection in open)
            connection.Abort("the server stops");
    }

    private void Listen(Ipv6Address address)
    {
        var port = options.Port == 0 && listeners.Count > 0 ? Port : options.Port;
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.DualMode = address.IsUnspecified;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
            socket.Bind(new IPEndPoint(address.ToIPAddress(), port));
            socket.Listen(Backlog);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            var advice = e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another program listens there: stop it, or choose another port (Lease.leasequery.tcp.port)",
                SocketError.AccessDenied => "the port needs root or CAP_NET_BIND_SERVICE: grant it, or choose a port of 1024 or more (Lease.leasequery.tcp.port)",
                SocketError.AddressNotAvailable => "this host has no such address (Lease.leasequery.tcp.addresses)",
                _ => e.Message,
            };
            throw new ListenException($"cannot listen on {address} TCP port {port}: {advice}", e);
        }

        listeners.Add(socket);
        logger.ListeningTcp(address.ToString(), Port);
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!stopping)
        {
            try
            {
                Open(await listener.AcceptAsync());
            }
            catch (Exception) when (stopping)
            {
                return;
            }
#pragma warning disable CA1031 // No descriptor left, gone before it was taken, or a defect in who takes it: the next connection may do better.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.AcceptFailed(options.Port, e.Message);
                await Task.Delay(PauseAfterError, time);
            }
        }
    }

    private void Open(Socket socket)
    {
        IPEndPoint remote;
        try
        {
            remote = (IPEndPoint)socket.RemoteEndPoint!;
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
        }
        catch (SocketException)
        {
            // Gone already.
            socket.Dispose();
            return;
        }

        var connection = new FrameConnection(socket, remote, options, Counters, time, logger, OnClosed);
        lock (gate)
            connections.Add(connection);
        if (!stopping && accept(connection) is { } session)
        {
            Counters.CountAccepted();
            connection.Begin(session);
            return;
        }

        Counters.CountRefused();
        connection.Abort("refused");
    }

    private void OnClosed(FrameConnection connection)
    {
        lock (gate)
            connections.Remove(connection);
    }
}
