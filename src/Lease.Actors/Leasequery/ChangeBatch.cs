using System.Buffers;
using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>
/// Committed changes on their way to the active queries, in commit order. Sender: the feed; receivers: the connections. Shared by all of them, and so is what has been encoded.
/// </summary>
/// <param name="changes">The changes.</param>
/// <param name="hasGap">Whether changes before these were not published: the tables have them.</param>
internal sealed class ChangeBatch(IReadOnlyList<BindingChange> changes, bool hasGap)
{
    /// <summary>The changes.</summary>
    public IReadOnlyList<BindingChange> Changes { get; } = changes;

    /// <summary>Whether changes before these were not published: the tables have them.</summary>
    public bool HasGap { get; } = hasGap;
}

/// <summary>A committed change of a binding.</summary>
/// <param name="write">The journal write; its row is there.</param>
/// <param name="endedSince">See <see cref="JournalCommitted.EndedSince"/>, and the tables; null when the write says what ended.</param>
internal sealed class BindingChange(JournalWrite write, (long Since, IBindingQueries Tables)? endedSince)
{
    // Seldom more than one: requestors ask for the same.
    private volatile Encoded? first;

    /// <summary>Commit time, Unix milliseconds.</summary>
    public long ChangedAt => write.ChangedAt;

    /// <summary>The row as the tables have it now.</summary>
    public BindingRecord Record => new()
    {
        RowId = write.RowId,
        Shard = write.Shard,
        Sequence = write.Sequence,
        ChangedAt = write.ChangedAt,
        Key = write.Key.Bytes,
        Payload = write.Row!.Payload.Span,
    };

    /// <summary>The leases that ended with it.</summary>
    public EndedLeases Ended => endedSince is var (since, tables) ? EndedLeases.Since(since, tables) : EndedLeases.In(write.Leases.Span);

    /// <summary>What the query is told of the change, as the options of one message each; encoded once for all who ask for the same. Empty when there is nothing to tell.</summary>
    public IReadOnlyList<byte[]> ClientData(BindingQuery query, DraftCodePoints points)
    {
        for (var known = first; known is not null; known = known.Next)
        {
            if (known.IsFor(query))
                return known.Messages;
        }

        var encoded = new Encoded(query.Requested, query.Ipv4, Encode(query, points), first);
        first = encoded;
        return encoded.Messages;
    }

    private List<byte[]> Encode(BindingQuery query, DraftCodePoints points)
    {
        var record = Record;
        var view = new BindingView(record.Payload);
        var scratch = ArrayPool<byte>.Shared.Rent(TcpFraming.MaxMessage);
        var client = new ClientDataWriter(query, points, ChangedAt - (ChangedAt % 1000));
        var messages = new List<byte[]>(1);
        for (var lease = 0; lease < view.LeaseCount;)
        {
            var writer = new Dhcp6Writer(scratch);
            if (client.Write(ref writer, record, view, Ended, ref lease) && !writer.Overflowed)
                messages.Add(writer.Written.ToArray());
        }

        ArrayPool<byte>.Shared.Return(scratch);
        return messages;
    }

    private sealed record Encoded(IReadOnlyList<OptionCode> Requested, Ipv4Request? Ipv4, IReadOnlyList<byte[]> Messages, Encoded? Next)
    {
        public bool IsFor(BindingQuery query)
            => (ReferenceEquals(Requested, query.Requested) || Requested.SequenceEqual(query.Requested)) && Equals(Ipv4, query.Ipv4);
    }
}
