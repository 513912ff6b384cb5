using System.Buffers.Binary;
using Lease.Kernel.Persistence;

namespace Lease.Storage.Sqlite;

/// <summary>The statements of one batch, on the writing connection, within the transaction that the journal has begun.</summary>
internal sealed class BatchWriter
{
    private readonly Database database;
    private readonly LeaseOverlaps overlaps;
    private readonly Statement claimLease;
    private readonly Statement freeLease;
    private readonly Statement deleteLease;
    private readonly Statement insertBinding;
    private readonly Statement updateBinding;
    private readonly Statement updateIdentity;
    private readonly Statement deleteBinding;
    private readonly Statement insertRelay;
    private readonly Statement deleteRelays;
    private readonly Statement insertEvent;
    private readonly Statement advanceShard;
    private long lastRowId;
    private long lastEventId;

    public BatchWriter(Database database)
    {
        this.database = database;
        overlaps = new LeaseOverlaps(database);
        claimLease = database.Prepare(
            """
            INSERT INTO lease (address, length, ports, binding_id, state, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (address, length, ports) DO UPDATE SET binding_id = ?4, state = ?5, changed_at = ?6
            WHERE lease.state = 0 OR lease.binding_id = ?4
            """);
        freeLease = database.Prepare("UPDATE lease SET state = 0, changed_at = ?6 WHERE address = ?1 AND length = ?2 AND ports = ?3 AND binding_id = ?4");
        deleteLease = database.Prepare("DELETE FROM lease WHERE address = ?1 AND length = ?2 AND ports = ?3 AND binding_id = ?4");
        insertBinding = database.Prepare(
            """
            INSERT INTO binding (id, sequence, changed_at, expires_at, payload, binding_key, shard_id, link, remote_id, device_id)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """);
        updateBinding = database.Prepare("UPDATE binding SET sequence = ?2, changed_at = ?3, expires_at = ?4, payload = ?5 WHERE id = ?1");

        // Apart, since SQLite writes an index for every column that is set, changed or not.
        updateIdentity = database.Prepare(
            "UPDATE binding SET remote_id = ?2, device_id = ?3 WHERE id = ?1 AND (remote_id IS NOT ?2 OR device_id IS NOT ?3)");
        deleteBinding = database.Prepare("DELETE FROM binding WHERE id = ?1");
        insertRelay = database.Prepare("INSERT OR IGNORE INTO binding_relay (relay_id, binding_id) VALUES (?1, ?2)");
        deleteRelays = database.Prepare("DELETE FROM binding_relay WHERE binding_id = ?1");
        insertEvent = database.Prepare("INSERT INTO event (id, shard_id, sequence, at, binding_key, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        advanceShard = database.Prepare(
            """
            UPDATE shard SET last_sequence = ?1, changed_at = ?2
            WHERE shard_id = ?3 AND owner = ?4 AND epoch = ?5 AND last_sequence = ?6
            """);
        // A free lease row may outlive its binding: its number must not come to another one.
        lastRowId = database.Scalar("SELECT max(coalesce((SELECT max(id) FROM binding), 0), coalesce((SELECT max(binding_id) FROM lease), 0))");
        lastEventId = database.Scalar("SELECT max(id) FROM event");
    }

    /// <summary>Number of the last event written; those of a batch that failed are not used again.</summary>
    public long LastEventId => lastEventId;

    /// <summary>Number of the last binding row written.</summary>
    public long LastRowId => lastRowId;

    /// <summary>Writes one entity's change.</summary>
    /// <returns>False when another binding holds one of its leases, or what overlaps it: nothing of it was written.</returns>
    public bool TryWrite(JournalWrite write, long sequence, long now, bool isNew)
    {
        if (isNew)
            write.RowId = ++lastRowId;

        // With a single lease a conflict shows before anything else is written; otherwise a savepoint takes back what was.
        var several = write.Leases.Length > 1;
        if (several)
            database.Execute("SAVEPOINT w");
        if (!TryWriteLeases(write, now))
        {
            if (several)
                database.Execute("ROLLBACK TO w; RELEASE w");
            return false;
        }

        WriteBinding(write, sequence, now, isNew);
        insertEvent.Bind(1, ++lastEventId).Bind(2, write.Shard).Bind(3, sequence).Bind(4, now).Bind(5, write.Key.Bytes).Bind(6, write.Event.Span).Run();
        if (several)
            database.Execute("RELEASE w");
        return true;
    }

    /// <summary>The fence: false when the shard's row is not as this node believes.</summary>
    public bool TryAdvance(int shard, string owner, long epoch, long from, long to, long now)
    {
        advanceShard.Bind(1, to).Bind(2, now).Bind(3, shard).Bind(4, owner).Bind(5, epoch).Bind(6, from).Run();
        return database.Changes == 1;
    }

    private bool TryWriteLeases(JournalWrite write, long now)
    {
        foreach (var lease in write.Leases.Span)
        {
            if (lease.State == LeaseState.Free)
            {
                FreeLease(write, lease.Key, now);
            }
            else if (!TryClaimLease(write.RowId, lease, now))
            {
                write.Conflict = lease.Key;
                return false;
            }
        }

        return true;
    }

    private bool TryClaimLease(long rowId, in LeaseChange lease, long now)
    {
        if (overlaps.Contains(lease.Key, rowId))
            return false;
        BindLease(claimLease, lease.Key, rowId).Bind(5, (long)lease.State).Bind(6, now).Run();
        if (database.Changes != 1)
            return false;
        overlaps.Note(lease.Key);
        return true;
    }

    private void FreeLease(JournalWrite write, LeaseKey key, long now)
    {
        if (write.Row is null)
            BindLease(deleteLease, key, write.RowId).Run();
        else
            BindLease(freeLease, key, write.RowId).Bind(6, now).Run();
    }

    private static Statement BindLease(Statement statement, LeaseKey key, long rowId)
    {
        Span<byte> address = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(address, key.Address);
        return statement.Bind(1, address).Bind(2, key.Length).Bind(3, key.Ports).Bind(4, rowId);
    }

    private void WriteBinding(JournalWrite write, long sequence, long now, bool isNew)
    {
        if (write.Row is not { } row)
        {
            deleteRelays.Bind(1, write.RowId).Run();
            deleteBinding.Bind(1, write.RowId).Run();
            return;
        }

        var statement = isNew ? insertBinding : updateBinding;
        statement.Bind(1, write.RowId).Bind(2, sequence).Bind(3, now).Bind(4, row.ExpiresAt).Bind(5, row.Payload.Span);
        if (isNew)
            BindIdentity(statement.Bind(6, write.Key.Bytes).Bind(7, write.Shard).Bind(8, row.Link), 9, row);
        statement.Run();
        if (!isNew && database.Changes != 1)
            throw new StoreException($"the row {write.RowId} of binding {write.Key} has gone");
        if (!isNew)
            BindIdentity(updateIdentity.Bind(1, write.RowId), 2, row).Run();
        WriteRelays(write.RowId, row, isNew);
    }

    private static Statement BindIdentity(Statement statement, int index, BindingRow row)
        => BindOptional(BindOptional(statement, index, row.RemoteId), index + 1, row.DeviceId);

    private static Statement BindOptional(Statement statement, int index, ReadOnlyMemory<byte>? value)
        => value is { } octets ? statement.Bind(index, octets.Span) : statement.BindNull(index);

    private void WriteRelays(long rowId, BindingRow row, bool isNew)
    {
        if (row.RelayIds.Count == 0 && isNew)
            return;
        if (!isNew)
            deleteRelays.Bind(1, rowId).Run();
        foreach (var relayId in row.RelayIds)
            insertRelay.Bind(1, relayId.Span).Bind(2, rowId).Run();
    }
}
