using System.Buffers.Binary;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Kernel.Tests.Persistence;

/// <summary>A persistent actor for tests: a sum that its row holds, and a log of what it was told.</summary>
internal sealed class Account : ReceivePersistentActor
{
    private readonly IActorRef listener;
    private int sum;

    public Account(EntityKey key, ShardContext shard, TestKit.TestJournal journal, IActorRef listener)
        : base(key, shard, journal, journal)
    {
        this.listener = listener;
        Recover(loaded =>
        {
            sum = loaded.Payload is { } payload ? BinaryPrimitives.ReadInt32BigEndian(payload) : 0;
            if (sum < 0)
                throw new InvalidDataException("a sum is never negative");
            Tell($"recovered {sum}");
        });
        Command<Add>(add => Store(add, sum + add.Amount), static add => add.Amount > 0);
        Command<Close>(_ => Persist(default, row: null, default, _ => Tell("closed")));
        Command<Parcel>(_ => Tell("parcel"));
        Command<Exception>(e => throw e);
        Command<Question>(_ =>
        {
            Tell("waiting");
            WaitForAnswer();
        });
        Command<WaitEnded>(_ => Tell("answer"));
        CommandAny(other => Tell($"other {other}"));
    }

    public static LeaseKey Lease { get; } = new(42, 128);

    protected override void OnPersistRejected(JournalWrite write) => Tell($"rejected {write.Conflict.Address}");

    protected override void OnPersistFailure(JournalWrite? write, string reason) => Tell($"failed: {reason}");

    private void Store(Add add, int next)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, next);
        var row = new BindingRow { Payload = payload, Link = "link", ExpiresAt = long.MaxValue };
        LeaseChange[] leases = add.Claim ? [new LeaseChange(Lease, LeaseState.Active)] : [];
        Persist(payload, row, leases, write =>
        {
            sum = next;
            Tell($"sum {sum} at {write.Sequence}");
        });
    }

    private void Tell(string what) => listener.Tell(what, Self);
}

internal sealed record Add(int Amount, bool Claim = false);

internal sealed record Close;

internal sealed record Question;

internal sealed class WaitEnded : IWaitEnded;
