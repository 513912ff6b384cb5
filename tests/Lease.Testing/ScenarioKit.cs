using Akka.Configuration;
using Lease.Actors.Leasequery;
using Lease.Actors.Scheduling;
using VirtualTime = Lease.Kernel.TestKit.VirtualTime;

namespace Lease.Testing;

/// <summary>
/// Akka.NET's TestKit for scenarios: everything runs on the thread that sends, before sending returns, and time is virtual, so that a test needs no waiting and always takes the same course.
/// </summary>
public class ScenarioKit : Akka.TestKit.Xunit.TestKit
{
    /// <summary>Makes the system, with a clock of its own.</summary>
    public ScenarioKit()
        : this(new VirtualTime())
    {
    }

    /// <summary>Makes the system with a clock that others have too.</summary>
    public ScenarioKit(VirtualTime time)
        : base(Configuration(time), "scenario") => Time = time;

    /// <summary>The clock of the system's timers.</summary>
    public VirtualTime Time { get; }

    private static Config Configuration(VirtualTime time)
    {
        var settings = $$"""
            akka.loggers = []
            akka.stdout-loglevel = OFF
            akka.actor.internal-dispatcher {{CallingThreadExecutorConfigurator.Dispatcher}}
            akka.actor.default-dispatcher {{CallingThreadExecutorConfigurator.Dispatcher}}
            {{LeasequeryService.Dispatcher}} {{CallingThreadExecutorConfigurator.Dispatcher}}
            """;
        return ConfigurationFactory.ParseString(settings).WithFallback(TimeProviderScheduler.For(time)).WithFallback(DefaultConfig);
    }
}
