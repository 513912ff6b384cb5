using System.Globalization;
using Lease.Kernel.Persistence;

namespace Lease.Storage.Postgres;

/// <summary>One batch as the arrays of <c>commit_batch</c> (Migrations/0006.sql), sent in one call. For the journal's thread.</summary>
internal sealed class BatchWriter
{
    private const string Call =
        """
        SELECT commit_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37)
        """;

    private readonly List<(int Shard, ShardState State)> shards = [];
    private readonly List<LeaseRow> newClaims = [];
    private readonly List<LeaseRow> claims = [];
    private readonly List<LeaseRow> allClaims = [];
    private readonly List<LeaseRow> freed = [];
    private readonly List<LeaseRow> gone = [];
    private readonly List<JournalWrite> newRows = [];
    private readonly List<JournalWrite> changedRows = [];
    private readonly List<JournalWrite> rows = [];
    private readonly List<JournalWrite> goneRows = [];
    private readonly List<JournalWrite> events = [];
    private int relays;

    /// <summary>Whether any claim goes in as a new row, without a look at what is there.</summary>
    public bool HasNewClaims => newClaims.Count > 0;

    public void Clear()
    {
        shards.Clear();
        newClaims.Clear();
        claims.Clear();
        freed.Clear();
        gone.Clear();
        newRows.Clear();
        changedRows.Clear();
        goneRows.Clear();
        events.Clear();
        relays = 0;
    }

    /// <summary>A shard that the batch advances.</summary>
    public void Add(int shard, in ShardState state) => shards.Add((shard, state));

    /// <summary>A write, its handle and sequence set.</summary>
    /// <param name="write">The write.</param>
    /// <param name="isNew">Whether its entity has no row yet.</param>
    /// <param name="believesHints">Whether leases that are said to be new are inserted as such.</param>
    public void Add(JournalWrite write, bool isNew, bool believesHints)
    {
        events.Add(write);
        (write.Row is null ? goneRows : isNew ? newRows : changedRows).Add(write);
        relays += write.Row?.RelayIds.Count ?? 0;
        foreach (var lease in write.Leases.Span)
        {
            var list = lease.State == LeaseState.Free ? write.Row is null ? gone : freed : lease.IsNew && believesHints ? newClaims : claims;
            list.Add(new LeaseRow(lease.Key, lease.State, write));
        }
    }

    /// <summary>Commits what was added.</summary>
    /// <param name="connection">The journal's.</param>
    /// <param name="nodeId">Who owns the shards.</param>
    /// <param name="time">The cluster's time as this node has it, Unix milliseconds; 0: it has none yet.</param>
    /// <returns>The time of the batch, Unix milliseconds.</returns>
    /// <exception cref="StoreException">See <see cref="FencedShards"/> and <see cref="Conflicts"/> for what its SQLSTATE and DETAIL say.</exception>
    public long Commit(Connection connection, string nodeId, long time)
    {
        // Batches of several nodes lock the lease rows that they share in one order.
        newClaims.Sort(LeaseRow.Compare);
        claims.Sort(LeaseRow.Compare);
        freed.Sort(LeaseRow.Compare);
        allClaims.Clear();
        allClaims.AddRange(newClaims);
        allClaims.AddRange(claims);
        rows.Clear();
        rows.AddRange(newRows);
        rows.AddRange(changedRows);
        var parameters = connection.Parameters.Clear().Add(nodeId).Add(time);
        WriteShards(parameters);
        parameters.Add(newClaims.Count);
        WriteLeases(parameters, allClaims, withState: true);
        WriteLeases(parameters, freed, withState: false);
        WriteLeases(parameters, gone, withState: false);
        WriteRows(parameters);
        WriteRelays(parameters);
        WriteEvents(parameters);
        using var result = connection.Query(Call);
        return result.Int64(0, 0);
    }

    /// <summary>The shards that an error LS001 names.</summary>
    public static IEnumerable<int> FencedShards(StoreException error) => Numbers(error);

    /// <summary>The writes, and the leases that others hold, that an error LS002 names.</summary>
    public IEnumerable<(JournalWrite Write, LeaseKey Lease)> Conflicts(StoreException error)
        => Numbers(error).Select(n => (claims[n - 1].Write, claims[n - 1].Key));

    private static IEnumerable<int> Numbers(StoreException error)
        => error.Detail.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static n => int.Parse(n, CultureInfo.InvariantCulture));

    private void WriteShards(Parameters parameters)
    {
        parameters.BeginInt64Array();
        foreach (var (shard, _) in shards)
            parameters.Append(shard);
        parameters.BeginInt64Array();
        foreach (var (_, state) in shards)
            parameters.Append(state.Epoch);
        parameters.BeginInt64Array();
        foreach (var (_, state) in shards)
            parameters.Append(state.LastSequence);
        parameters.BeginInt64Array();
        foreach (var (_, state) in shards)
            parameters.Append(state.Next);
    }

    private static void WriteLeases(Parameters parameters, List<LeaseRow> leases, bool withState)
    {
        parameters.BeginBytesArray();
        foreach (var lease in leases)
            parameters.AppendAddress(lease.Key.Address);
        parameters.BeginInt64Array();
        foreach (var lease in leases)
            parameters.Append(lease.Key.Length);
        parameters.BeginInt64Array();
        foreach (var lease in leases)
            parameters.Append(lease.Key.Ports);
        parameters.BeginInt64Array();
        foreach (var lease in leases)
            parameters.Append(lease.Write.RowId);
        if (!withState)
            return;
        parameters.BeginInt64Array();
        foreach (var lease in leases)
            parameters.Append((long)lease.State);
    }

    private void WriteRows(Parameters parameters)
    {
        parameters.Add(newRows.Count);
        WriteColumn(parameters, rows, static w => w.RowId);
        parameters.BeginBytesArray();
        foreach (var write in rows)
            parameters.Append(write.Key.Bytes);
        WriteColumn(parameters, rows, static w => w.Shard);
        WriteColumn(parameters, rows, static w => w.Sequence);
        parameters.BeginTextArray();
        foreach (var write in rows)
            parameters.Append(write.Row!.Link);
        parameters.BeginBytesArray();
        foreach (var write in rows)
            parameters.Append(IdentifierKey.Of(write.Row!.RemoteId));
        parameters.BeginBytesArray();
        foreach (var write in rows)
            parameters.Append(IdentifierKey.Of(write.Row!.DeviceId));
        WriteColumn(parameters, rows, static w => w.Row!.ExpiresAt);
        parameters.BeginBytesArray();
        foreach (var write in rows)
            parameters.Append(write.Row!.Payload);
        WriteColumn(parameters, goneRows, static w => w.RowId);
    }

    private void WriteRelays(Parameters parameters)
    {
        parameters.BeginInt64Array();
        foreach (var write in rows)
        {
            for (var i = 0; i < write.Row!.RelayIds.Count; i++)
                parameters.Append(write.RowId);
        }

        parameters.BeginBytesArray();
        foreach (var write in rows)
        {
            for (var i = 0; i < write.Row!.RelayIds.Count; i++)
                parameters.Append(IdentifierKey.Of(write.Row.RelayIds[i].Span));
        }
    }

    private void WriteEvents(Parameters parameters)
    {
        WriteColumn(parameters, events, static w => w.Shard);
        WriteColumn(parameters, events, static w => w.Sequence);
        parameters.BeginBytesArray();
        foreach (var write in events)
            parameters.Append(write.Key.Bytes);
        parameters.BeginBytesArray();
        foreach (var write in events)
            parameters.Append(write.Event);
    }

    private static void WriteColumn(Parameters parameters, List<JournalWrite> writes, Func<JournalWrite, long> value)
    {
        parameters.BeginInt64Array();
        foreach (var write in writes)
            parameters.Append(value(write));
    }

    private readonly record struct LeaseRow(LeaseKey Key, LeaseState State, JournalWrite Write)
    {
        public static int Compare(LeaseRow a, LeaseRow b)
        {
            var order = a.Key.Address.CompareTo(b.Key.Address);
            order = order != 0 ? order : a.Key.Length.CompareTo(b.Key.Length);
            return order != 0 ? order : a.Key.Ports.CompareTo(b.Key.Ports);
        }
    }
}
