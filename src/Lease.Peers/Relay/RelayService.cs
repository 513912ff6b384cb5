using System.Net;
using System.Net.Sockets;
using Lease.Kernel.IO;
using Lease.Transport;
using Lease.Transport.Udp;
using Microsoft.Extensions.Logging;

namespace Lease.Peers.Relay;

/// <summary>What was relayed and dropped; each only grows.</summary>
public sealed class RelayCounters
{
    private readonly long[] dropped = new long[Enum.GetValues<RelayDrop>().Length];
    private long forwarded;
    private long replied;

    /// <summary>Messages sent to servers, once for each server.</summary>
    public long Forwarded => Interlocked.Read(ref forwarded);

    /// <summary>Messages sent to clients and relays.</summary>
    public long Replied => Interlocked.Read(ref replied);

    /// <summary>Messages dropped for a reason.</summary>
    public long Dropped(RelayDrop reason) => Interlocked.Read(ref dropped[(int)reason]);

    /// <summary>Every counter that is not zero, by name.</summary>
    public IEnumerable<(string Name, long Value)> NonZero()
    {
        if (Forwarded > 0)
            yield return ("relay.forwarded", Forwarded);
        if (Replied > 0)
            yield return ("relay.replied", Replied);
        foreach (var reason in Enum.GetValues<RelayDrop>())
        {
            if (Dropped(reason) is > 0 and var value)
                yield return ($"relay.dropped.{reason}", value);
        }
    }

    internal void CountForwarded() => Interlocked.Increment(ref forwarded);

    internal void CountReplied() => Interlocked.Increment(ref replied);

    internal void CountDrop(RelayDrop reason) => Interlocked.Increment(ref dropped[(int)reason]);
}

/// <summary>A relay agent with its sockets: one for each interface towards clients, one for each local address from which servers are reached.</summary>
public sealed class RelayService : IDisposable
{
    private const int MaxDatagram = 65_527;

    [ThreadStatic]
    private static byte[]? buffer;

    private readonly List<UdpServer> upstream = [];
    private readonly List<(UdpServer Socket, UdpEndpoint Server)> servers;
    private readonly List<(UdpServer Socket, UdpEndpoint Server)> servers4;
    private readonly Dictionary<string, RelayInterface> interfaces;
    private readonly RelayAgent agent;
    private readonly UdpServer downstream;

    private RelayService(RelayOptions options, IReadOnlyList<IPEndPoint> servers, IReadOnlyList<IPEndPoint> servers4, int listenPort, TimeProvider time, ILogger logger)
    {
        agent = new RelayAgent(options);
        interfaces = options.Interfaces.ToDictionary(static i => i.Name, StringComparer.Ordinal);
        try
        {
            this.servers = [.. servers.Select(s => Open(s, options.SourcePort, time, logger))];
            this.servers4 = servers4.Count == 0 ? this.servers : [.. servers4.Select(s => Open(s, options.SourcePort, time, logger))];
            downstream = UdpServer.Start([.. options.Interfaces.Select(ListenOn)], listenPort, new FromClients(this), time, logger);
        }
        catch (ListenException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What it did.</summary>
    public RelayCounters Counters { get; } = new();

    /// <summary>Opens the sockets and begins.</summary>
    /// <param name="options">What it adds and allows.</param>
    /// <param name="servers">Servers or relays, maybe multicast with a scope.</param>
    /// <param name="servers4">Servers of DHCPv4 over DHCPv6; empty: the same.</param>
    /// <param name="listenPort">UDP port towards clients; 547 unless changed for a test.</param>
    /// <param name="time">The clock of the datagrams.</param>
    /// <param name="logger">For errors.</param>
    /// <exception cref="ListenException">An interface or address is not there, a port is taken, or a server cannot be reached.</exception>
    public static RelayService Start(
        RelayOptions options, IReadOnlyList<IPEndPoint> servers, IReadOnlyList<IPEndPoint> servers4, int listenPort, TimeProvider time, ILogger logger)
        => new(options, servers, servers4, listenPort, time, logger);

    /// <inheritdoc/>
    public void Dispose()
    {
        downstream?.Dispose();
        foreach (var socket in upstream)
            socket.Dispose();
    }

    // Relays in front of this one, and clients of DHCPv4 over DHCPv6 with option 88, send to its address.
    private static UdpListen ListenOn(RelayInterface link) => new(link.Name, link.LinkAddress.IsUnspecified ? null : link.LinkAddress, IsServer: false);

    // Bound to the address from which the system reaches the server, so that the answer comes back to port 547 there.
    private (UdpServer Socket, UdpEndpoint Server) Open(IPEndPoint server, int port, TimeProvider time, ILogger logger)
    {
        var local = LocalAddressFor(server);
        var known = upstream.Find(s => s.LocalAddress.Equals(local));
        if (known is null)
        {
            known = UdpServer.StartAt(new IPEndPoint(local, port), "upstream", new FromServers(this), time, logger);
            upstream.Add(known);
        }

        if (server.Address.IsIPv6Multicast)
            known.SendMulticastBy((int)server.Address.ScopeId);

        return (known, new UdpEndpoint(Protocol.Ipv6Address.From(server.Address).Value, (ushort)server.Port, (uint)server.Address.ScopeId));
    }

    private static IPAddress LocalAddressFor(IPEndPoint server)
    {
        using var probe = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (server.Address.IsIPv6Multicast)
                probe.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, (int)server.Address.ScopeId);
            probe.Connect(server);
            return ((IPEndPoint)probe.LocalEndPoint!).Address;
        }
        catch (SocketException e)
        {
            throw new ListenException($"server {server} cannot be reached: {e.SocketErrorCode}", e);
        }
    }

    private void Forward(Datagram datagram)
    {
        buffer ??= new byte[MaxDatagram];
        var message = datagram.Data;
        if (!agent.TryForward(message, datagram.Source, interfaces[datagram.Channel.InterfaceName], buffer, out var length, out var drop))
        {
            Counters.CountDrop(drop);
            return;
        }

        foreach (var (socket, server) in RelayAgent.IsDhcp4o6(message) ? servers4 : servers)
        {
            if (socket.FirstChannel.Send(buffer.AsSpan(0, length), server))
                Counters.CountForwarded();
            else
                Counters.CountDrop(RelayDrop.NotSent);
        }
    }

    private void Reply(Datagram datagram)
    {
        if (!agent.TryReply(datagram.Data, out var message, out var to, out var drop))
            Counters.CountDrop(drop);
        else if (downstream.ChannelOf(to.Interface.Name)?.Send(message, to.Destination) == true)
            Counters.CountReplied();
        else
            Counters.CountDrop(RelayDrop.NotSent);
    }

    private sealed class FromClients(RelayService relay) : IDatagramHandler
    {
        public void Handle(Datagram datagram)
        {
            relay.Forward(datagram);
            datagram.Release();
        }

        public void AfterReceive(bool more)
        {
        }
    }

    private sealed class FromServers(RelayService relay) : IDatagramHandler
    {
        public void Handle(Datagram datagram)
        {
            relay.Reply(datagram);
            datagram.Release();
        }

        public void AfterReceive(bool more)
        {
        }
    }
}
