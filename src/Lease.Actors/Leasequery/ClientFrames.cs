using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>Writes one message for each row of a walk, as many as fit into a buffer.</summary>
/// <param name="buffer">The buffer.</param>
/// <param name="query">The query.</param>
/// <param name="reply">Its messages.</param>
/// <param name="now">Unix milliseconds.</param>
internal ref struct ClientFrames(Span<byte> buffer, BindingQuery query, QueryReply reply, long now) : IBindingVisitor
{
    private readonly Span<byte> buffer = buffer;

    /// <summary>Rows behind this one came after the query began.</summary>
    public long NewestRow { get; init; } = long.MaxValue;

    /// <summary>For active queries: from when on ended leases are told, Unix milliseconds; and the tables.</summary>
    public (long Since, IBindingQueries Tables)? Ended { get; init; }

    /// <summary>The base time of the messages, Unix milliseconds; with <see cref="Ended"/> it goes with the rows.</summary>
    public long BaseTime { get; set; }

    /// <summary>Octets written.</summary>
    public int Length { get; private set; }

    /// <summary>Clients written.</summary>
    public int Clients { get; private set; }

    /// <summary>Rows that could not be told.</summary>
    public int Unreadable { get; private set; }

    /// <inheritdoc/>
    public bool Visit(in BindingRecord record)
    {
        if (record.RowId > NewestRow)
            return true;
        try
        {
            var view = new BindingView(record.Payload);
            if (!query.Matches(record, view))
                return true;
            for (var lease = 0; lease < view.LeaseCount;)
            {
                if (!TryWrite(record, view, ref lease))
                    return false;
            }

            return true;
        }
        catch (InvalidDataException)
        {
            Unreadable++;
            return true;
        }
    }

    private bool TryWrite(in BindingRecord record, in BindingView view, ref int lease)
    {
        if (Ended is not null)
            BaseTime = Math.Max(BaseTime, record.ChangedAt);
        var frame = buffer[Length..];
        var writer = reply.Begin(frame, BaseTime);
        var client = new ClientDataWriter(query, reply.Settings.Configuration.CodePoints, reply.RelativeTo(BaseTime, now));
        var ended = Ended is { } active ? EndedLeases.Since(active.Since, active.Tables) : EndedLeases.None;
        if (!client.Write(ref writer, record, view, ended, ref lease))
            return true;
        if (!writer.Overflowed)
        {
            Length += reply.End(frame, writer);
            Clients++;
            return true;
        }

        // What does not fit into an empty buffer is longer than a message can be.
        if (Length > 0 || frame.Length <= TcpFraming.MaxMessage)
            return false;
        Unreadable++;
        return true;
    }
}
