using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Leasequery;

/// <summary>The tables and the event log in memory: a test says what changes, what is published and what is forgotten.</summary>
internal sealed class MemoryTables(TimeProvider time) : IBindingQueries, IEventLog
{
    private readonly SortedDictionary<long, Row> rows = [];
    private readonly List<(long At, long RowId, long Sequence)> events = [];
    private long lastRow;

    /// <summary>Events in front of this one have been pruned.</summary>
    public int FirstEvent { get; set; }

    /// <summary>Nothing can be read at the moment.</summary>
    public bool AreAway { get; set; }

    /// <summary>How far the store's clock is behind the node's.</summary>
    public TimeSpan ClockBehind { get; set; }

    public long NewestRow => Reachable(lastRow);

    public StreamPosition End => new Place(events.Count);

    public long SettledThrough => (time.GetUtcNow() - ClockBehind).ToUnixTimeMilliseconds() - 1;

    public static byte[] DuidOf(int client) => Duid.MakeLinkLayer(1, [2, 0, 0, 0, (byte)(client >> 8), (byte)client]);

    public static LeaseKey AddressOf(int client) => new(((UInt128)0x2001_0db8_0001_0000 << 64) + 0x1000 + (uint)client, 128);

    /// <summary>Stores a change of client <paramref name="client"/> and returns it as the journal publishes it.</summary>
    public JournalWrite Change(int client, LeasePhase phase = LeasePhase.Active)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var binding = new Binding
        {
            Link = "subnet-1",
            ClientId = DuidOf(client),
            LastTransactionAt = now,
            Leases = [new BoundLease(IaKind.NonTemporary, 1, AddressOf(client), phase, 1, 3000, 4000, now)],
        };
        return Change(
            BindingKey.ForDuid(DuidOf(client), "subnet-1"), binding, new LeaseChange(AddressOf(client), phase == LeasePhase.Active ? LeaseState.Active : LeaseState.Free));
    }

    /// <summary>Stores a binding and returns the change as the journal publishes it.</summary>
    public JournalWrite Change(EntityKey key, Binding binding, params LeaseChange[] changes)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var row = rows.Values.FirstOrDefault(r => r.Key.Equals(key)) ?? new Row(++lastRow, key);
        rows[row.Id] = row with { Sequence = events.Count + 1, ChangedAt = now, Payload = BindingCodec.Encode(binding) };
        events.Add((now, row.Id, events.Count + 1));
        return new JournalWrite
        {
            Shard = 0,
            Epoch = 1,
            Key = key,
            RowId = row.Id,
            Event = default,
            Row = new BindingRow { Payload = rows[row.Id].Payload, Link = "subnet-1", ExpiresAt = long.MaxValue },
            Leases = changes,
            ReplyTo = null!,
            Sequence = events.Count,
            ChangedAt = now,
            Outcome = JournalOutcome.Committed,
        };
    }

    public void Remove(int client) => rows.Remove(rows.Values.Single(r => r.Key.Equals(BindingKey.ForDuid(DuidOf(client), "subnet-1"))).Id);

    public WalkResult Walk<TVisitor>(BindingSelection selection, WalkPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        var position = Reachable(after);
        foreach (var row in rows.Values.Where(r => r.Id > after.RowId).Take(limit))
        {
            if (!visitor.Visit(row.ToRecord()))
                return new WalkResult(position, Ended: false);
            position = new WalkPosition(row.Id);
        }

        return new WalkResult(position, rows.Keys.All(id => id <= position.RowId));
    }

    public bool IsHeldByAnother(LeaseKey lease, long rowId) => Reachable(false);

    public StreamPosition? FindStart(long since)
    {
        var index = Reachable(events.FindIndex(e => e.At >= since));
        index = index < 0 ? events.Count : index;
        return index < FirstEvent ? null : new Place(index);
    }

    public ReplayResult Replay<TVisitor>(StreamPosition after, int limit, ref TVisitor visitor)
        where TVisitor : struct, IBindingVisitor, allows ref struct
    {
        var place = Reachable((Place)after).Next;
        var lost = place < FirstEvent;
        for (place = Math.Max(place, FirstEvent); place < events.Count; place++)
        {
            var (_, id, sequence) = events[place];
            if (rows.TryGetValue(id, out var row) && row.Sequence == sequence && !visitor.Visit(row.ToRecord()))
                return new ReplayResult(new Place(place), Ended: false, lost);
        }

        return new ReplayResult(new Place(place), Ended: true, lost);
    }

    private T Reachable<T>(T result) => AreAway ? throw new IOException("the database is away") : result;

    private sealed record Place(int Next) : StreamPosition;

    private sealed record Row(long Id, EntityKey Key)
    {
        public long Sequence { get; init; }

        public long ChangedAt { get; init; }

        public byte[] Payload { get; init; } = [];

        public BindingRecord ToRecord() => new() { RowId = Id, Shard = 0, Sequence = Sequence, ChangedAt = ChangedAt, Key = Key.Bytes, Payload = Payload };
    }
}
