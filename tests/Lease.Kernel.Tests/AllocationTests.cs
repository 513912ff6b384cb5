using Lease.Kernel.Actors;

namespace Lease.Kernel.Tests;

/// <summary>These tests measure the process as a whole: they run while no other does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>What the hot path allocates, in octets. A budget is raised only with a reason.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests : TestKit.TestKit
{
    [Fact]
    public void Telling_and_handling_a_message_allocates_its_envelope_only()
    {
        var actor = ActorOf(static () => new Idle());
        Measure(10_000, () => actor.Tell("message")).ShouldBeLessThanOrEqualTo(48);
    }

    [Fact]
    public void An_idle_actor_keeps_less_than_300_octets()
    {
        const int count = 50_000;
        var props = Props.Create(static () => new Idle());
        var actors = new IActorRef[count];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < count; i++)
            actors[i] = Sys.ActorOf(props);
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / count;
        GC.KeepAlive(actors);
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} octets");
        each.ShouldBeLessThan(300);
    }

    [Fact]
    public void Starting_and_stopping_an_actor_allocates_less_than_a_kilobyte()
    {
        var props = Props.Create(static () => new Idle());
        var each = Measure(10_000, () => Sys.Stop(Sys.ActorOf(props)));
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} octets");
        each.ShouldBeLessThan(1024);
    }

    private static long Measure(int times, Action action)
    {
        action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < times; i++)
            action();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / times;
    }

    private sealed class Idle : UntypedActor
    {
        protected override void OnReceive(object message)
        {
        }
    }
}
