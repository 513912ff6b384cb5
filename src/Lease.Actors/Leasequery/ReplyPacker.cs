using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>
/// Puts as many clients as fit into one LEASEQUERY-REPLY, each whole (leasequery draft section 4.5). Room is left for a cookie, but for a first client that fits only without.
/// </summary>
/// <param name="writer">Stands where CLIENT_DATA goes.</param>
/// <param name="query">The query.</param>
/// <param name="client">Writes CLIENT_DATA.</param>
/// <param name="newestRow">Rows behind this one came after the series began.</param>
internal ref struct ReplyPacker(Dhcp6Writer writer, BindingQuery query, ClientDataWriter client, long newestRow) : IBindingVisitor
{
    private Dhcp6Writer writer = writer;

    /// <summary>Where the reply may end, in octets from the writer's start, when it needs no cookie.</summary>
    public required int Limit { get; init; }

    /// <summary>Octets to leave for a cookie.</summary>
    public required int CookieRoom { get; init; }

    /// <summary>Clients written.</summary>
    public int Taken { get; private set; }

    /// <summary>Whether there was a client more that does not fit.</summary>
    public bool Refused { get; private set; }

    /// <summary>Rows that could not be read.</summary>
    public int Unreadable { get; private set; }

    /// <summary>Whether the only client so far fits because there is no cookie.</summary>
    public bool WithoutCookie { get; private set; }

    /// <summary>The writer behind the last client.</summary>
    public readonly Dhcp6Writer Writer => writer;

    /// <inheritdoc/>
    public bool Visit(in BindingRecord record)
    {
        if (record.RowId > newestRow)
            return true;
        try
        {
            var view = new BindingView(record.Payload);
            return !query.Matches(record, view) || TryTake(record, view);
        }
        catch (InvalidDataException)
        {
            Unreadable++;
            return true;
        }
    }

    private bool TryTake(in BindingRecord record, in BindingView view)
    {
        var before = writer;
        var lease = 0;
        if (!client.Write(ref writer, record, view, EndedLeases.None, ref lease))
            return true;
        var fits = !writer.Overflowed && !WithoutCookie && writer.Length + CookieRoom <= Limit;
        if (!fits && Taken == 0 && !writer.Overflowed && writer.Length <= Limit)
            fits = WithoutCookie = true;
        if (fits)
        {
            Taken++;
            return true;
        }

        writer = before;
        Refused = true;
        return false;
    }
}

/// <summary>Collects the links on which a client has bindings (RFC 5007 section 4.1.2.5).</summary>
/// <param name="query">The query.</param>
/// <param name="client">Writes CLIENT_DATA, to see whether there is any.</param>
/// <param name="links">The names of the links.</param>
internal readonly struct LinkCollector(BindingQuery query, ClientDataWriter client, List<string> links) : IBindingVisitor
{
    /// <inheritdoc/>
    public bool Visit(in BindingRecord record)
    {
        try
        {
            var view = new BindingView(record.Payload);
            var scratch = new Dhcp6Writer(stackalloc byte[4096]);
            var lease = 0;
            if (query.Matches(record, view) && client.Write(ref scratch, record, view, EndedLeases.None, ref lease))
                links.Add(System.Text.Encoding.UTF8.GetString(BindingKey.LinkNameOf(record.Key)));
        }
        catch (InvalidDataException)
        {
            // Counted when the packer met it.
        }

        return true;
    }
}
