using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Lease.Protocol;
using AkkaTcp = Akka.IO.Tcp;

namespace Lease.Transport.Tcp;

/// <summary>
/// Listens by Akka.IO on each address and starts a <see cref="FrameConnection"/> for each connection. A listener of Akka.IO that ends takes
/// its connections with it; it is bound again. Owner: <see cref="TcpServer"/>.
/// </summary>
internal sealed class FrameListener(TcpContext context) : UntypedActor, IWithTimers
{
    private const int Backlog = 512;

    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    private readonly AcceptedSockets sockets = new();
    private readonly List<IActorRef> listeners = [];
    private IActorRef starter = ActorRefs.Nobody;
    private int bound;
    private int port = context.Options.Port;

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private IReadOnlyList<Ipv6Address> Addresses => context.Options.Addresses;

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    /// <inheritdoc/>
    protected override void OnReceive(object message) => Binding(message);

    // One address after the other: the port that the system chooses for the first is the port of all.
    private void Binding(object message)
    {
        switch (message)
        {
            case Listen:
                starter = Sender;
                Bind(Addresses[0]);
                break;
            case AkkaTcp.Bound up:
                OnBound(up, Addresses[bound++]);
                break;
            case AkkaTcp.CommandFailed failed:
                starter.Tell(new Status.Failure(ExceptionOf(failed)));
                StopAll();
                break;
            default:
                Serving(message);
                break;
        }
    }

    private void Serving(object message)
    {
        switch (message)
        {
            case AkkaTcp.Connected connected:
                Open(connected);
                break;
            case ListenerEnded ended:
                listeners.Remove(ended.Listener);
                context.Logger.AcceptFailed(port, "the listener ended, it is bound again");
                Bind(ended.Address);
                break;
            case AkkaTcp.Bound up:
                Watch(AddressOf(up.LocalAddress));
                break;
            case AkkaTcp.CommandFailed { Cmd: AkkaTcp.Bind bind } failed:
                context.Logger.AcceptFailed(port, ExceptionOf(failed).Message);
                Timers.StartSingleTimer(bind, new BindAgain(AddressOf(bind.LocalAddress)), PauseAfterError);
                break;
            case BindAgain again:
                Bind(again.Address);
                break;
            case Stop:
                StopAll();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Stopping(object message)
    {
        switch (message)
        {
            case AkkaTcp.Connected:
                Sender.Tell(AkkaTcp.Abort.Instance);
                break;
            case AkkaTcp.Bound:
                Sender.Tell(AkkaTcp.Unbind.Instance);
                break;
            case ListenerEnded ended:
                listeners.Remove(ended.Listener);
                StopWhenUnbound();
                break;
            default:
                break;
        }
    }

    // Pull mode is for what the connections read. Akka.NET's listener accepts by itself, and its ResumeAccepting does nothing.
    private void Bind(Ipv6Address address)
    {
        var endpoint = new IPEndPoint(address.ToIPAddress(), port);
        AkkaTcp.Manager(Context.System)
            .Tell(new AkkaTcp.Bind(Self, endpoint, Backlog, [new ListeningSocket(address.IsUnspecified), sockets], pullMode: true));
    }

    private void OnBound(AkkaTcp.Bound up, Ipv6Address address)
    {
        port = ((IPEndPoint)up.LocalAddress).Port;
        Watch(address);
        context.Logger.ListeningTcp(address.ToString(), port);
        if (bound < Addresses.Count)
        {
            Bind(Addresses[bound]);
            return;
        }

        Become(Serving);
        starter.Tell(new Listening(port));
    }

    private void Watch(Ipv6Address address)
    {
        listeners.Add(Sender);
        Context.WatchWith(Sender, new ListenerEnded(Sender, address));
    }

    private void Open(AkkaTcp.Connected connected)
    {
        var connection = Sender;
        if (sockets.Take(connected) is not { } socket)
        {
            connection.Tell(AkkaTcp.Abort.Instance);
            return;
        }

        // By its type: Props of an expression compile it for each connection.
        var props = Props.Create<FrameConnection>(connection, connected.RemoteAddress, socket, context);
        Context.ActorOf(props.WithDispatcher(context.Options.Dispatcher));
    }

    private void StopAll()
    {
        Become(Stopping);
        foreach (var connection in Context.GetChildren())
            Context.Stop(connection);
        foreach (var listener in listeners)
            listener.Tell(AkkaTcp.Unbind.Instance);
        StopWhenUnbound();
    }

    private void StopWhenUnbound()
    {
        if (listeners.Count == 0)
            Context.Stop(Self);
    }

    private static Ipv6Address AddressOf(EndPoint endpoint) => Ipv6Address.From(((IPEndPoint)endpoint).Address);

    private ListenException ExceptionOf(AkkaTcp.CommandFailed failed)
    {
        var endpoint = (IPEndPoint)((AkkaTcp.Bind)failed.Cmd).LocalAddress;
        var cause = failed.Cause.HasValue ? failed.Cause.Value.GetBaseException() : null;
        var advice = (cause as SocketException)?.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => "another program listens there: stop it, or choose another port (Lease.leasequery.tcp.port)",
            SocketError.AccessDenied =>
                "the port needs root or CAP_NET_BIND_SERVICE: grant it, or choose a port of 1024 or more (Lease.leasequery.tcp.port)",
            SocketError.AddressNotAvailable => "this host has no such address (Lease.leasequery.tcp.addresses)",
            _ => cause?.Message,
        };
        return new ListenException($"cannot listen on {AddressOf(endpoint)} TCP port {endpoint.Port}: {advice}", cause);
    }

    /// <summary>
    /// Begins to listen; answered with <see cref="Listening"/>, or with Status.Failure that holds a <see cref="ListenException"/>.
    /// </summary>
    public sealed class Listen
    {
        /// <summary>The only one there is.</summary>
        public static readonly Listen Instance = new();
    }

    /// <summary>It listens on all addresses.</summary>
    public sealed record Listening(int Port);

    /// <summary>Ends the connections, then the listeners, then the actor.</summary>
    public sealed class Stop
    {
        /// <summary>The only one there is.</summary>
        public static readonly Stop Instance = new();
    }

    private sealed record ListenerEnded(IActorRef Listener, Ipv6Address Address);

    private sealed record BindAgain(Ipv6Address Address);
}
