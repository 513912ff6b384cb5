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
internal sealed class BindingChange(JournalWrite write)
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
    public EndedLeases Ended => EndedLeases.In(write.Leases.Span);

    /// <summary>CLIENT_DATA with these options; encoded once for all who ask for the same. Empty when there is nothing to tell.</summary>
    public ReadOnlySpan<byte> ClientData(IReadOnlyList<OptionCode> requested, OptionCode deviceId)
    {
        for (var known = first; known is not null; known = known.Next)
        {
            if (ReferenceEquals(known.Requested, requested) || known.Requested.SequenceEqual(requested))
                return known.Data;
        }

        var encoded = new Encoded(requested, Encode(requested, deviceId), first);
        first = encoded;
        return encoded.Data;
    }

    private byte[] Encode(IReadOnlyList<OptionCode> requested, OptionCode deviceId)
    {
        var record = Record;
        var view = new Bindings.BindingView(record.Payload);
        var scratch = System.Buffers.ArrayPool<byte>.Shared.Rent(TcpFraming.MaxMessage);
        var writer = new Dhcp6Writer(scratch);
        var client = new ClientDataWriter(requested, deviceId, ChangedAt - (ChangedAt % 1000));
        var written = client.Write(ref writer, record, view, Ended) && !writer.Overflowed;
        var data = written ? writer.Written.ToArray() : [];
        System.Buffers.ArrayPool<byte>.Shared.Return(scratch);
        return data;
    }

    private sealed record Encoded(IReadOnlyList<OptionCode> Requested, byte[] Data, Encoded? Next);
}
