using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Kernel.Tests.Sharding;

/// <summary>On real threads: whatever entities and shards do meanwhile, each message is handled once or dropped once.</summary>
public sealed class ShardingStressTests
{
    private const int Shards = 4;
    private const int Producers = 3;
    private const int Each = 30_000;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ActorSystem system = ActorSystem.Create("stress", new ActorSystemOptions { Workers = 2 });

    [Fact]
    public async Task With_entities_coming_and_going_each_message_is_handled_once_or_dropped_once()
    {
        var region = Region(live: 8);
        foreach (var shard in Enumerable.Range(0, Shards))
            region.StartShard(new ShardGrant(shard, 1, 0), state: null);
        await CheckEach(region, Produce(region));
        region.Counters.Passivated.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task With_shards_coming_and_going_each_message_is_handled_once_or_dropped_once()
    {
        var region = Region(live: 50);
        var producing = Produce(region);
        for (var epoch = 1; !producing.IsCompleted || epoch < 20; epoch++)
        {
            var shard = epoch % Shards;
            await region.StopShardAsync(shard).WaitAsync(Deadline, TestContext.Current.CancellationToken);
            region.StartShard(new ShardGrant(shard, epoch, 0), state: null);
        }

        await CheckEach(region, producing);
    }

    private async Task CheckEach(ShardRegion region, Task<Counted[]> producing)
    {
        var messages = await producing.WaitAsync(Deadline, TestContext.Current.CancellationToken);

        // The shards hand over what they have before they stop; a region without shards drops what waits after a second.
        foreach (var shard in Enumerable.Range(0, Shards))
            await region.StopShardAsync(shard).WaitAsync(Deadline, TestContext.Current.CancellationToken);
        using var settled = new CancellationTokenSource(Deadline);
        while (messages.Any(m => m.Ends == 0) && !settled.IsCancellationRequested)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        messages.Count(m => m.Ends != 1).ShouldBe(0);
        region.Counters.Live.ShouldBe(0);
        await system.DisposeAsync();
    }

    private static Task<Counted[]> Produce(ShardRegion region)
        => Task.Run(async () => (await Task.WhenAll(Enumerable.Range(0, Producers).Select(seed => Task.Run(() => ProduceOne(region, seed))))).SelectMany(x => x).ToArray());

    private static Counted[] ProduceOne(ShardRegion region, int seed)
    {
        var random = new Random(seed);
        var messages = new Counted[Each];
        for (var i = 0; i < Each; i++)
        {
            messages[i] = new Counted(new EntityKey([(byte)random.Next(100)]), Passivates: random.Next(10) == 0);
            region.Tell(messages[i]);
        }

        return messages;
    }

    private ShardRegion Region(int live)
        => ShardRegion.Start(
            system,
            "stress",
            new ShardRegionOptions { ShardCount = Shards, MaxLiveEntities = live, ShardWait = TimeSpan.FromMilliseconds(50) },
            new Extractor(),
            static (_, _) => new Entity());

    private sealed record Counted(EntityKey Key, bool Passivates) : IDroppable
    {
        private int ends;

        public int Ends => Volatile.Read(ref ends);

        public void End() => Interlocked.Increment(ref ends);

        public void OnDropped(DropReason reason) => End();
    }

    private sealed class Extractor : IMessageExtractor
    {
        public EntityKey? EntityKeyOf(object message) => (message as Counted)?.Key;
    }

    private sealed class Entity : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is Passivate.StopRequest)
                Context.Stop(Self);
            if (message is not Counted counted)
                return;
            counted.End();
            if (counted.Passivates)
                Context.Parent.Tell(Passivate.Instance, Self);
        }
    }
}
