using Akka.Actor;
using Lease.Kernel.IO;
using Microsoft.Extensions.Logging;

namespace Lease.Transport.Tcp;

/// <summary>
/// Listens for connections that carry framed messages, and asks for each who takes what happens on it. It stands in front of the actor that
/// listens.
/// </summary>
public sealed class TcpServer : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    private readonly IActorRef listener;

    private TcpServer(IActorRef listener, TcpCounters counters, int port)
    {
        this.listener = listener;
        Counters = counters;
        Port = port;
    }

    /// <summary>Figures of all connections.</summary>
    public TcpCounters Counters { get; }

    /// <summary>The port of the first listener: the one chosen by the system when port 0 was asked for.</summary>
    public int Port { get; }

    /// <summary>Listens.</summary>
    /// <param name="system">Runs the actors.</param>
    /// <param name="options">Where and how.</param>
    /// <param name="accept">Called for each connection before anything is read; null refuses it.</param>
    /// <param name="logger">For the log.</param>
    /// <exception cref="ListenException">An address is not there, the port is taken or not permitted.</exception>
    public static async Task<TcpServer> StartAsync(
        ActorSystem system, TcpServerOptions options, Func<IFrameConnection, IActorRef?> accept, ILogger logger)
    {
        var counters = new TcpCounters();
        var context = new TcpContext(options, accept, counters, logger);
        var listener = system.ActorOf(Props.Create(() => new FrameListener(context)).WithDispatcher(options.Dispatcher));
        var listening = await listener.Ask<FrameListener.Listening>(FrameListener.Listen.Instance);
        return new TcpServer(listener, counters, listening.Port);
    }

    /// <summary>Takes no more connections and ends those that are open.</summary>
    public async ValueTask DisposeAsync() => await listener.GracefulStop(StopTimeout, FrameListener.Stop.Instance);
}

/// <summary>What the actors of a server share.</summary>
/// <param name="Options">Where and how it listens.</param>
/// <param name="Accept">Who takes what happens on a connection; null refuses it.</param>
/// <param name="Counters">What is counted.</param>
/// <param name="Logger">For the log.</param>
internal sealed record TcpContext(
    TcpServerOptions Options, Func<IFrameConnection, IActorRef?> Accept, TcpCounters Counters, ILogger Logger);
