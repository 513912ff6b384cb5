using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Lease.Kernel.Sharding;
using Lease.Transport.Tcp;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Links;

/// <summary>
/// The links of this node with the others of its cluster: TCP with TLS from the first octet on, certificates on both sides, and the messages of <c>links.proto</c>. They carry clients' packets to the nodes that answer them,
/// and the replies back; nothing that must not be lost. A link is used in one direction for packets and in the other for replies.
/// </summary>
public sealed class NodeLinks : IDisposable
{
    private const int Backlog = 64;

    // Other nodes, and what is not one and has not been found out yet.
    private const int MaxIncoming = 256;

    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<NodeAddress, OutgoingLink> outgoing = new();
    private readonly HashSet<NodeLink> running = [];
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stop = new();
    private readonly CancellationToken stopped;
    private readonly Socket listener;
    private readonly LinkContext context;
    private Task accepting = Task.CompletedTask;
    private int incoming;

    private NodeLinks(Socket listener, LinkContext context)
    {
        this.listener = listener;
        this.context = context;
        stopped = stop.Token;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
    }

    /// <summary>The TCP port: the one chosen by the system when port 0 was asked for.</summary>
    public int Port { get; }

    /// <summary>Figures of all links.</summary>
    public NodeLinkCounters Counters => context.Counters;

    /// <summary>Listens. Links to other nodes are opened when there is something to send.</summary>
    /// <param name="listen">Where; port 0: chosen by the system.</param>
    /// <param name="self">Who this node is.</param>
    /// <param name="certificates">This node's certificate, and who may have signed those of the others.</param>
    /// <param name="handler">Takes what comes in.</param>
    /// <param name="time">The clock of timeouts and pauses.</param>
    /// <param name="logger">One line for each link that opens, closes or cannot be opened.</param>
    /// <exception cref="ListenException">The address is not there, the port is taken or not permitted.</exception>
    public static NodeLinks Start(IPEndPoint listen, LinkIdentity self, TlsCertificates certificates, INodeLinkHandler handler, TimeProvider time, ILogger logger)
    {
        var links = new NodeLinks(Listen(listen), new LinkContext(self, certificates, handler, new NodeLinkCounters(), time, logger));
        logger.ListeningForNodes(listen.Address.ToString(), links.Port);
        links.accepting = links.AcceptAsync();
        return links;
    }

    /// <summary>
    /// Sends a packet to another node; never blocks, and the packet's spans are free again when this returns. The first packet opens the link, and waits with those that follow until it is open; for a
    /// second after that failed, or after a link was closed, packets are dropped.
    /// </summary>
    /// <param name="to">The other node; where another one answers, the link is refused.</param>
    /// <param name="packet">The packet.</param>
    /// <returns>False when there is no link or its buffer (4 MiB) is full: the packet is lost, and counted.</returns>
    public bool TrySend(NodeAddress to, in ForwardedPacket packet)
    {
        var link = outgoing.GetValueOrDefault(to);
        if (link is null || MayBeReplaced(link))
            link = Open(to);
        var sent = link is not null && link.TrySend(packet);
        context.Counters.CountPacket(sent);
        return sent;
    }

    /// <summary>Closes the link to a node that is gone; what waits for it is lost. Another packet to it would open another link.</summary>
    /// <param name="to">As it was given to <see cref="TrySend"/>.</param>
    public void Forget(NodeAddress to)
    {
        if (outgoing.TryRemove(to, out var link))
            link.Close("the node is gone", LogLevel.Information);
    }

    /// <summary>Closes all links, and returns when nobody is told of anything any more.</summary>
    public void Dispose()
    {
        NodeLink[] open;
        lock (gate)
        {
            if (stopped.IsCancellationRequested)
                return;
            stop.Cancel();
            open = [.. running];
        }

        listener.Dispose();
        foreach (var link in open)
            link.Close("this node stops", LogLevel.Information);
        Task.WaitAll([accepting, .. open.Select(static link => link.Completion)]);
        stop.Dispose();
    }

    private static Socket Listen(IPEndPoint where)
    {
        var socket = new Socket(where.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (where.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = where.Address.Equals(IPAddress.IPv6Any);
            socket.Bind(where);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            var advice = e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another program listens there: stop it, or choose another port",
                SocketError.AccessDenied => "the port needs root or CAP_NET_BIND_SERVICE: grant it, or choose a port of 1024 or more",
                SocketError.AddressNotAvailable => "this host has no such address",
                _ => e.Message,
            };
            throw new ListenException($"cannot listen for other nodes on {where.Address} TCP port {where.Port}: {advice}", e);
        }
    }

    private bool MayBeReplaced(OutgoingLink link) => link.IsClosed && context.Time.GetElapsedTime(link.ClosedAt) >= PauseAfterFailure;

    private OutgoingLink? Open(NodeAddress to)
    {
        lock (gate)
        {
            if (stopped.IsCancellationRequested)
                return null;
            var before = outgoing.GetValueOrDefault(to);
            if (before is not null && !MayBeReplaced(before))
                return before;
            var link = new OutgoingLink(to, before?.Reason, context);
            outgoing[to] = link;
            Run(link);
            return link;
        }
    }

    private async Task AcceptAsync()
    {
        while (!stopped.IsCancellationRequested)
        {
            try
            {
                Take(await listener.AcceptAsync(stopped));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                if (stopped.IsCancellationRequested)
                    return;

                // No descriptor left, or gone before it was taken.
                context.Logger.AcceptFailed(Port, e.Message);
                await Task.Delay(PauseAfterError, context.Time, stopped).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Take(Socket socket)
    {
        var link = new IncomingLink(socket, (IPEndPoint)socket.RemoteEndPoint!, context);
        lock (gate)
        {
            if (!stopped.IsCancellationRequested && incoming < MaxIncoming)
            {
                incoming++;
                Run(link);
                return;
            }
        }

        Counters.CountRefused();
        socket.Dispose();
    }

    private void Run(NodeLink link)
    {
        running.Add(link);
        link.Start(OnEnded);
    }

    private void OnEnded(NodeLink link)
    {
        lock (gate)
        {
            running.Remove(link);
            if (link is IncomingLink)
                incoming--;
        }
    }
}
