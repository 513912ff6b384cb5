using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Lease.Kernel.IO;
using Lease.Protocol;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Udp;

/// <summary>Where a DHCPv6 server or relay agent listens.</summary>
/// <param name="Interface">Interface name, or <c>*</c> for every one that is up and not the loopback.</param>
/// <param name="Unicast">An address that receives what is sent to it; null: only multicast and the interface's link-local address.</param>
/// <param name="IsServer">Whether All_DHCP_Servers is joined beside a unicast address; relay agents do not (RFC 8415 section 7.1).</param>
public sealed record UdpListen(string Interface, Ipv6Address? Unicast, bool IsServer = true);

/// <summary>
/// The sockets of a DHCPv6 server. For each interface: one bound to All_DHCP_Relay_Agents_and_Servers (a socket that is bound to a group gets nothing else), one to the
/// link-local address; for each unicast address one more, and one for All_DHCP_Servers (RFC 8415 section 7.1).
/// </summary>
public sealed class UdpServer : IDisposable
{
    private const int MulticastHopLimit = 8;
    private const int ReceiveBuffer = 8 << 20;
    private const int MaxAttempts = 20;

    // Some 25,000 datagrams of clients: what a node does in a second.
    private const long MaxHeld = 32 << 20;
    private const int SolSocket = 1;
    private const int SoBindToDevice = 25;
    private const int SoReceiveBufferForce = 33;

    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);
    private static readonly IPAddress RelayAgentsAndServers = IPAddress.Parse("ff02::1:2");
    private static readonly IPAddress Servers = IPAddress.Parse("ff05::1:3");

    private readonly List<UdpChannel> channels = [];

    // An interface may be named several times, with an address each: its link-local socket is one.
    private readonly Dictionary<string, UdpChannel> linkLocals = new(StringComparer.Ordinal);
    private readonly DatagramBudget budget = new(MaxHeld);
    private readonly IDatagramHandler handler;
    private readonly TimeProvider time;
    private readonly ILogger logger;

    private UdpServer(IDatagramHandler handler, TimeProvider time, ILogger logger)
    {
        this.handler = handler;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>Figures of all sockets.</summary>
    public UdpCounters Counters { get; } = new();

    /// <summary>Octets of the datagrams that are not yet dealt with, see <see cref="DatagramBudget"/>; zero when nothing waits.</summary>
    public long Held => budget.Held;

    /// <summary>The port of the first socket: the one chosen by the system when port 0 was asked for.</summary>
    public int Port => channels[0].LocalPort;

    /// <summary>Opens the sockets and begins to receive.</summary>
    /// <exception cref="ListenException">An interface or address is not there, the port is taken or not permitted.</exception>
    public static UdpServer Start(IReadOnlyList<UdpListen> where, int port, IDatagramHandler handler, TimeProvider time, ILogger logger)
    {
        var server = new UdpServer(handler, time, logger);
        try
        {
            foreach (var listen in where)
            {
                foreach (var link in InterfacesOf(listen.Interface))
                    server.Open(link, listen, port);
            }

            if (server.channels.Count == 0)
                throw new ListenException("there is nothing to listen on: name an interface in Dhcp6.interfaces-config.interfaces");
        }
        catch (ListenException)
        {
            server.Dispose();
            throw;
        }

        foreach (var channel in server.channels)
            channel.Start();
        return server;
    }

    /// <summary>Opens one socket at an address of this host and begins to receive.</summary>
    /// <param name="local">Address and UDP port.</param>
    /// <param name="name">For <see cref="IDatagramChannel.InterfaceName"/>.</param>
    /// <param name="handler">Takes what comes.</param>
    /// <param name="time">The clock of the datagrams.</param>
    /// <param name="logger">For errors.</param>
    /// <exception cref="ListenException">The address is not there, the port is taken or not permitted.</exception>
    public static UdpServer StartAt(IPEndPoint local, string name, IDatagramHandler handler, TimeProvider time, ILogger logger)
    {
        var server = new UdpServer(handler, time, logger);
        server.Add(name, Bind(name, local, device: false), answers: null).Start();
        return server;
    }

    /// <summary>Lets multicast of the first socket leave by an interface: Linux takes it from the scope of an address only when that is link-local.</summary>
    /// <param name="interfaceIndex">The system's number of the interface.</param>
    public void SendMulticastBy(int interfaceIndex) => channels[0].SendMulticastBy(interfaceIndex);

    /// <summary>The address of the first socket.</summary>
    public IPAddress LocalAddress => channels[0].LocalAddress;

    /// <summary>The socket from which hosts on an interface are sent to; null when it is not listened on.</summary>
    public IDatagramChannel? ChannelOf(string interfaceName) => linkLocals.GetValueOrDefault(interfaceName);

    /// <summary>The first socket.</summary>
    public IDatagramChannel FirstChannel => channels[0];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var channel in channels)
            channel.Dispose();
    }

    private static IEnumerable<NetworkInterface> InterfacesOf(string name)
    {
        var all = NetworkInterface.GetAllNetworkInterfaces();
        if (name == "*")
            return all.Where(static i => i.OperationalStatus == OperationalStatus.Up && i.NetworkInterfaceType != NetworkInterfaceType.Loopback);
        var named = all.FirstOrDefault(i => i.Name == name)
            ?? throw new ListenException($"there is no interface {name}: there are {string.Join(", ", all.Select(static i => i.Name))}");
        return [named];
    }

    private void Open(NetworkInterface link, UdpListen listen, int port)
    {
        var properties = link.GetIPProperties();
        var index = properties.GetIPv6Properties().Index;
        var answers = linkLocals.GetValueOrDefault(link.Name);
        var known = answers is not null;
        var linkLocal = known ? null : LinkLocalOf(link, isNeeded: listen.Unicast is null);
        if (linkLocal is not null)
            answers = linkLocals[link.Name] = Add(link.Name, Bind(link.Name, new IPEndPoint(new IPAddress(linkLocal.GetAddressBytes(), index), port), device: true), answers: null);
        if (listen.Unicast is { } address)
        {
            var own = Add(link.Name, Bind(link.Name, new IPEndPoint(address.ToIPAddress(), port), device: link.NetworkInterfaceType != NetworkInterfaceType.Loopback), answers: null);
            answers ??= own;
            if (listen.IsServer)
                Join(link.Name, Servers, index, own);
        }

        if (answers is null)
            throw new ListenException($"interface {link.Name} has no link-local IPv6 address: bring it up, or name an address of it as {link.Name}/ADDRESS");
        if (!known)
            Join(link.Name, RelayAgentsAndServers, index, answers);
    }

    // An interface that has just come up gets its address a moment later.
    private IPAddress? LinkLocalOf(NetworkInterface link, bool isNeeded)
    {
        for (var attempt = 0; ; attempt++)
        {
            var found = link.GetIPProperties().UnicastAddresses.Select(static a => a.Address).FirstOrDefault(static a => a.IsIPv6LinkLocal);
            if (found is not null || !isNeeded || attempt == MaxAttempts || link.NetworkInterfaceType == NetworkInterfaceType.Loopback)
                return found;
            if (attempt == 0)
                logger.WaitingForAddress(link.Name);
            Thread.Sleep(Retry);

            // This object shows what was there when it was made.
            link = InterfacesOf(link.Name).First();
        }
    }

    private void Join(string interfaceName, IPAddress group, int index, UdpChannel answers)
    {
        var scoped = new IPAddress(group.GetAddressBytes(), index);
        var socket = Bind(interfaceName, new IPEndPoint(scoped, answers.LocalPort), device: true);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(group, index));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new ListenException($"interface {interfaceName} cannot join {group}: {e.SocketErrorCode}", e);
        }

        Add(interfaceName, socket, answers);
    }

    private UdpChannel Add(string interfaceName, Socket socket, UdpChannel? answers)
    {
        var local = (IPEndPoint)socket.LocalEndPoint!;
        logger.Listening(local.Address.ToString(), local.Port, interfaceName);
        var channel = new UdpChannel(socket, interfaceName, answers, handler, Counters, budget, time, logger);
        channels.Add(channel);
        return channel;
    }

    private static Socket Bind(string interfaceName, IPEndPoint local, bool device)
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.DualMode = false;
            // What a relay agent sends to All_DHCP_Servers crosses routers (RFC 8415 section 19).
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, MulticastHopLimit);
            if (local.Address.IsIPv6Multicast)
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
            if (device)
                TrySetRaw(socket, SoBindToDevice, Encoding.ASCII.GetBytes(interfaceName + "\0"));
            if (!TrySetRaw(socket, SoReceiveBufferForce, BitConverter.GetBytes(ReceiveBuffer)))
                socket.ReceiveBufferSize = ReceiveBuffer;
            BindWhenReady(socket, local);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            var advice = e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another program listens there: stop it, or choose another port",
                SocketError.AccessDenied => "the port needs root or CAP_NET_BIND_SERVICE: grant it, or choose a port of 1024 or more (Lease.server-port)",
                SocketError.AddressNotAvailable => "the interface has no such address",
                _ => e.Message,
            };
            throw new ListenException($"cannot listen on {local.Address} port {local.Port}, interface {interfaceName}: {advice}", e);
        }
    }

    // An interface that has just come up has its address, and cannot use it before duplicate address detection has ended (RFC 4862 section 5.4): as after a boot.
    private static void BindWhenReady(Socket socket, IPEndPoint local)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                socket.Bind(local);
                return;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable && attempt < MaxAttempts && IsOnThisHost(local.Address))
            {
                Thread.Sleep(Retry);
            }
        }
    }

    private static bool IsOnThisHost(IPAddress address) => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(static i => i.GetIPProperties().UnicastAddresses)
        .Any(a => a.Address.GetAddressBytes().AsSpan().SequenceEqual(address.GetAddressBytes()));

    // Both options are improvements that an unprivileged process may have to do without.
    private static bool TrySetRaw(Socket socket, int option, ReadOnlySpan<byte> value)
    {
        try
        {
            socket.SetRawSocketOption(SolSocket, option, value);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
