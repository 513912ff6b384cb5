using Lease.Kernel.Actors;
using Lease.Kernel.IO;

namespace Lease.Kernel.Tests.Actors;

/// <summary>On real threads; the rest of the kernel is tested on the thread of the test.</summary>
public sealed class DispatcherTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_million_messages_of_several_threads_arrive_each_once_in_the_order_of_their_sender(int workers)
    {
        const int producers = 4;
        const int each = 250_000;
        await using var system = ActorSystem.Create("test", new ActorSystemOptions { Workers = workers });
        var done = new TaskCompletionSource();
        var next = new int[producers];
        var received = 0;
        var misplaced = 0;
        var actor = system.ActorOf(Props.Create(() => new ActOn((message, _) =>
        {
            var (producer, number) = ((int, int))message;
            if (next[producer]++ != number)
                misplaced++;
            if (++received == producers * each)
                done.SetResult();
        })));
        var threads = Enumerable.Range(0, producers).Select(producer => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < each; i++)
                    actor.Tell((producer, i));
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default));
        await Task.WhenAll(threads);
        await done.Task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
        misplaced.ShouldBe(0);
        received.ShouldBe(producers * each);
    }

    [Fact]
    public async Task An_actor_never_runs_on_two_threads_at_once_though_threads_assist()
    {
        await using var system = ActorSystem.Create("test", new ActorSystemOptions { Workers = 2 });
        var done = new TaskCompletionSource();
        var inside = 0;
        var overlaps = 0;
        var received = 0;
        const int producers = 3;
        const int each = 20_000;
        var actor = system.ActorOf(Props.Create(() => new ActOn((_, _) =>
        {
            if (Interlocked.Increment(ref inside) != 1)
                overlaps++;
            if (++received == producers * each)
                done.SetResult();
            Interlocked.Decrement(ref inside);
        })));
        var threads = Enumerable.Range(0, producers).Select(_ => OnOwnThread(() =>
        {
            for (var i = 0; i < each; i++)
            {
                actor.Tell("message");
                system.Assist(busy: i % 8 != 0 && i != each - 1);
            }
        }));
        await Task.WhenAll(threads);
        await done.Task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
        overlaps.ShouldBe(0);
    }

    [Fact]
    public async Task What_an_assisting_thread_makes_runnable_for_any_worker_runs_without_another_turn_of_it()
    {
        await using var system = ActorSystem.Create("test", new ActorSystemOptions { Workers = 2 });
        for (var round = 0; round < 200; round++)
        {
            var done = new TaskCompletionSource();
            var last = system.ActorOf(Props.Create(() => new ActOn((_, _) => done.SetResult())).WithAffinity(0));
            var middle = system.ActorOf(Props.Create(() => new ActOn((message, _) => last.Tell(message))).WithAffinity(1));
            var first = system.ActorOf(Props.Create(() => new ActOn((message, _) => middle.Tell(message))).WithAffinity(0));
            await OnOwnThread(() =>
            {
                system.Assist(busy: false);
                first.Tell("message");
                system.Assist(busy: false);
            });
            await done.Task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task An_exception_does_not_end_the_thread_that_serves_the_others()
    {
        await using var system = ActorSystem.Create("test", new ActorSystemOptions { Workers = 1 });
        var failing = system.ActorOf(Props.Create(() => new ActOn((_, _) => throw new IOException("disk"))));
        var echo = system.ActorOf(Props.Create(() => new ActOn((message, context) => context.Sender.Tell(message))));
        for (var i = 0; i < 20; i++)
            failing.Tell("fail");
        (await echo.Ask<string>("alive", Deadline, cancellation: TestContext.Current.CancellationToken)).ShouldBe("alive");
    }

    [Fact]
    public async Task A_busy_actor_leaves_others_their_turn()
    {
        await using var system = ActorSystem.Create("test", new ActorSystemOptions { Workers = 1 });
        var endless = system.ActorOf(Props.Create(() => new ActOn((message, context) => context.Self.Tell(message))));
        var echo = system.ActorOf(Props.Create(() => new ActOn((message, context) => context.Sender.Tell(message))));
        endless.Tell("again");
        (await echo.Ask<string>("alive", Deadline, cancellation: TestContext.Current.CancellationToken)).ShouldBe("alive");
    }

    [Fact]
    public async Task Termination_while_actors_are_started_from_outside_ends()
    {
        for (var round = 0; round < 50; round++)
        {
            await using var system = ActorSystem.Create("test", new ActorSystemOptions { Workers = 2 });
            var starting = OnOwnThread(() =>
            {
                for (var i = 0; i < 200; i++)
                    system.ActorOf(Props.Create(() => new ActOn((_, _) => { })).WithAffinity(i));
            });
            await system.Terminate().WaitAsync(Deadline, TestContext.Current.CancellationToken);
            await starting;
        }
    }

    // Assist marks its thread for good, so it must not be one of the pool.
    private static Task OnOwnThread(Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                action();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        { IsBackground = true }.Start();
        return done.Task;
    }

    [Fact]
    public async Task What_actors_send_may_wait_for_the_end_of_their_pass()
    {
        await using var system = ActorSystem.Create("test", new ActorSystemOptions { Workers = 1 });
        var sent = new TaskCompletionSource<(bool IsOpen, bool IsSameThread)>();
        var actor = system.ActorOf(Props.Create(() => new ActOn((_, _) =>
        {
            SendScope.IsOpen.ShouldBeTrue();
            var thread = Environment.CurrentManagedThreadId;
            SendScope.Defer(new Deferred(() => sent.SetResult((SendScope.IsOpen, Environment.CurrentManagedThreadId == thread))));
        })));
        actor.Tell("send");
        (await sent.Task.WaitAsync(Deadline, TestContext.Current.CancellationToken)).ShouldBe((false, true));
        SendScope.IsOpen.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => SendScope.Defer(new Deferred(static () => { })));
    }

    private sealed class Deferred(Action send) : IDeferredSend
    {
        public void Send() => send();
    }
}
