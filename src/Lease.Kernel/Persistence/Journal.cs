using Lease.Kernel.Actors;
using Lease.Kernel.Sharding;

namespace Lease.Kernel.Persistence;

/// <summary>
/// The durable, fenced log. One transaction appends a batch of writes from any number of this node's shards: event rows, binding rows,
/// lease rows and the shards' last sequence, or nothing of it. While one batch commits, the next collects.
/// </summary>
public interface IJournal
{
    /// <summary>
    /// Queues a write. When its batch has been decided the write itself, with <see cref="JournalWrite.Outcome"/> set, is told to
    /// <see cref="JournalWrite.ReplyTo"/>; within a shard in the order of the sequence numbers.
    /// </summary>
    /// <returns>False when the queue is full: nothing was taken and nothing will be told.</returns>
    bool TryAppend(JournalWrite write);
}

/// <summary>
/// One entity's change: an event, the row that replaces its current state, and the leases that change with it.
/// Sender: a persistent actor. Receiver: the journal, and back with the outcome. Never lost within a process.
/// </summary>
public sealed class JournalWrite
{
    /// <summary>The shard of <see cref="Key"/>.</summary>
    public required int Shard { get; init; }

    /// <summary>The epoch under which this node believes that it owns the shard: the fence.</summary>
    public required long Epoch { get; init; }

    /// <summary>The entity.</summary>
    public required EntityKey Key { get; init; }

    /// <summary>The storage's handle from <see cref="BindingLoaded.RowId"/> or an earlier <see cref="JournalWrite.RowId"/>; 0 when the entity has no row yet. Set to the new handle by the commit.</summary>
    public required long RowId { get; set; }

    /// <summary>The event as it goes into the event table.</summary>
    public required ReadOnlyMemory<byte> Event { get; init; }

    /// <summary>The new current state; null deletes the entity's row.</summary>
    public required BindingRow? Row { get; init; }

    /// <summary>The lease rows that change, each once.</summary>
    public required ReadOnlyMemory<LeaseChange> Leases { get; init; }

    /// <summary>Who is told of the outcome.</summary>
    public required IActorRef ReplyTo { get; init; }

    /// <summary>The writer's own, untouched by the journal.</summary>
    public object? State { get; init; }

    /// <summary>How the write ended; <see cref="JournalOutcome.Pending"/> until then.</summary>
    public JournalOutcome Outcome { get; set; }

    /// <summary>With <see cref="JournalOutcome.Committed"/>: the event's number in its shard, gapless from 1.</summary>
    public long Sequence { get; set; }

    /// <summary>With <see cref="JournalOutcome.Committed"/>: commit time, Unix milliseconds; never decreases within a shard.</summary>
    public long ChangedAt { get; set; }

    /// <summary>With <see cref="JournalOutcome.LeaseConflict"/>: the lease that another binding holds.</summary>
    public LeaseKey Conflict { get; set; }
}

/// <summary>How a journal write ended.</summary>
public enum JournalOutcome
{
    /// <summary>Not decided yet.</summary>
    Pending,

    /// <summary>Durable. Only now may anybody be told.</summary>
    Committed,

    /// <summary>Another binding holds one of the leases; nothing of this write was stored, the rest of the batch was.</summary>
    LeaseConflict,

    /// <summary>This node does not own the shard any more; the batch was rolled back. Stop the shard's actors.</summary>
    Fenced,

    /// <summary>Storage error or unknown outcome: drop the actor and reload from the tables.</summary>
    Failed,
}

/// <summary>The current state of an entity as it stands in the binding table.</summary>
public sealed class BindingRow
{
    /// <summary>The whole state, in the owner's encoding.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Name of the link (shared network, or subnet standing alone); part of the entity's key, so it never changes.</summary>
    public required string Link { get; init; }

    /// <summary>When the owner wants to be told to look again (a lease or a probation ends), Unix milliseconds; <see cref="long.MaxValue"/> for never.</summary>
    public required long ExpiresAt { get; init; }

    /// <summary>Remote-id with its enterprise number in front (4 octets, network order), of the relay nearest to the client that gave one; null for none.</summary>
    public ReadOnlyMemory<byte>? RemoteId { get; init; }

    /// <summary>The relay-ids of the relay chain.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> RelayIds { get; init; } = [];

    /// <summary>What identifies the client's device (its device-id option, else its link-layer address with the hardware type in front); null for none.</summary>
    public ReadOnlyMemory<byte>? DeviceId { get; init; }
}

/// <summary>
/// Published on the event stream after each commit, when anybody subscribes: the batch's committed writes, within each shard in sequence order.
/// </summary>
/// <param name="Writes">The committed writes.</param>
/// <param name="HasGap">Whether a batch in front of this one was told as failed: it may have been committed all the same, and was not published.</param>
/// <param name="EndedSince">
/// Null: <see cref="JournalWrite.Leases"/> says what each write changed. Else the writes were read from the tables, each binding's newest only, and stand for everything that it did since this time
/// (Unix milliseconds).
/// </param>
public sealed record JournalCommitted(IReadOnlyList<JournalWrite> Writes, bool HasGap = false, long? EndedSince = null);
