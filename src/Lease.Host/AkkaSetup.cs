using Akka.Hosting;
using Akka.Hosting.Logging;
using Lease.Actors.Leasequery;
using Lease.Actors.Scheduling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using AkkaLogLevel = Akka.Event.LogLevel;

namespace Lease.Host;

/// <summary>The actor system of a node: everything that is configured of Akka.NET, each setting that differs from its default with the reason.</summary>
internal static class AkkaSetup
{
    /// <summary>Name of the actor system; part of the addresses of its actors, so that it never changes.</summary>
    public const string SystemName = "lease";

    private const string Settings = $$"""
        akka {
          # A clients' message that finds its actor gone is sent again by the client; a line for each would fill the log in a flood.
          log-dead-letters = off
          log-dead-letters-during-shutdown = off

          # A connection holds so much for receiving as long as it is open, and sends no more in one call: a thousand idle requestors
          # hold 4 MB of it. More would be faster by little (docs/decisions/0019).
          io.tcp.maximum-frame-size = 4k

          # Akka.IO's connections run here. The pool of .NET's ends the process when it wants one more thread and no file descriptor is left.
          actor.default-dispatcher {
            executor = "Lease.Host.Server.WorkerExecutorConfigurator, lease"
            workers = 0
            niceness = 0
          }

          coordinated-shutdown {
            # The host ends the process when the store has been closed, and it alone takes signals.
            exit-clr = off
            run-by-clr-shutdown-hook = off
          }
        }

        # Leasequery has threads of its own, and they wait for those that serve clients (docs/decisions/0004).
        {{LeasequeryService.Dispatcher}} {
          type = Dispatcher
          executor = "Lease.Host.Server.WorkerExecutorConfigurator, lease"
          workers = 0
          niceness = 10
          throughput = 64
        }
        """;

    /// <summary>The host of a node's actor system. Starting it starts the system; stopping it runs CoordinatedShutdown.</summary>
    /// <param name="time">The clock of every timer.</param>
    /// <param name="loggers">For the log of the system.</param>
    public static IHost Build(TimeProvider time, ILoggerFactory loggers)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, CommandLifetime>();
        builder.Services.AddAkka(SystemName, akka => akka
            .ConfigureLoggers(static logging =>
            {
                // Its lines about what works are for who looks for an error in Akka.NET itself.
                logging.ClearLoggers();
                logging.LogLevel = AkkaLogLevel.WarningLevel;
                logging.AddLogger<AkkaLog>();
            })
            .AddSetup(new LoggerFactorySetup(loggers))
            .AddHocon(Settings, HoconAddMode.Prepend)
            .AddHocon(TimeProviderScheduler.For(time), HoconAddMode.Prepend));
        return builder.Build();
    }

    /// <summary>The command takes the signals and decides when the host starts and stops.</summary>
    private sealed class CommandLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
