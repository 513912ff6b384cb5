namespace Lease.Actors.Leasequery;

/// <summary>How a query stands after it had its turn.</summary>
internal enum QueryProgress
{
    /// <summary>It has more to send, the buffer is full or its turn is over.</summary>
    More,

    /// <summary>It has nothing to send at the moment.</summary>
    Waiting,

    /// <summary>It has been answered.</summary>
    Done,
}

/// <summary>A query that is being answered on a connection.</summary>
/// <param name="query">What is asked for.</param>
/// <param name="reply">Its messages.</param>
internal abstract class RunningQuery(BindingQuery query, QueryReply reply)
{
    /// <summary>What is asked for.</summary>
    public BindingQuery Query { get; } = query;

    /// <summary>Its messages.</summary>
    public QueryReply Reply { get; } = reply;

    /// <summary>CLIENT_DATA options sent.</summary>
    public long Clients { get; protected set; }

    /// <summary>The word for the log.</summary>
    public abstract string Kind { get; }

    /// <summary>Writes what it has into the connection's buffer, as far as there is room, but no more than one page of the tables.</summary>
    /// <exception cref="IOException">The tables cannot be read.</exception>
    public abstract QueryProgress Fill(OutputBuffer output, long now);

    /// <summary>Writes the last message of a query that cannot be gone on with.</summary>
    public abstract void Terminate(OutputBuffer output, long now, Protocol.Dhcp6.StatusCode status, string text);
}
