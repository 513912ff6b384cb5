using Lease.Kernel.Persistence;

namespace Lease.Storage.Tests;

/// <content>Walks over the tables, for leasequery.</content>
public abstract partial class LeaseStoreConformance
{
    private static readonly byte[] Port7 = [0, 0, 0, 9, 7];
    private static readonly byte[] RelayA = [0, 3, 0, 1, 0xa];
    private static readonly byte[] RelayB = [0, 3, 0, 1, 0xb];
    private static readonly byte[] Device = [1, 2, 3];

    [Fact]
    public async Task Each_selection_finds_its_rows_and_no_other()
    {
        await AppendAsync(RowOf(1, new BindingRow { Payload = new byte[] { 1 }, Link = "town", ExpiresAt = 1, RemoteId = Port7, RelayIds = [RelayA, RelayB] }));
        await AppendAsync(RowOf(2, new BindingRow { Payload = new byte[] { 2 }, Link = "village", ExpiresAt = 1, RelayIds = [RelayB], DeviceId = Device }));
        await AppendAsync(RowOf(3, new BindingRow { Payload = new byte[] { 3 }, Link = "town", ExpiresAt = 1, RemoteId = new byte[] { 0, 0, 0, 9 } }));
        Found(new BindingSelection.Every()).ShouldBe([1, 2, 3]);
        Found(new BindingSelection.OnLink("town")).ShouldBe([1, 3]);
        Found(new BindingSelection.OnLink("tow")).ShouldBeEmpty();
        Found(new BindingSelection.WithKey(Key(2))).ShouldBe([2]);
        Found(new BindingSelection.WithKey(Key(4))).ShouldBeEmpty();
        Found(new BindingSelection.WithRemoteId(Port7)).ShouldBe([1]);
        Found(new BindingSelection.WithRelayId(RelayA)).ShouldBe([1]);
        Found(new BindingSelection.WithRelayId(RelayB)).ShouldBe([1, 2]);
        Found(new BindingSelection.WithDeviceId(Device)).ShouldBe([2]);
        Found(new BindingSelection.WithDeviceId(new byte[] { 1, 2 })).ShouldBeEmpty();
    }

    // What relays say may be as long as a datagram, and no engine's index has such keys.
    [Fact]
    public async Task Identifiers_of_any_length_are_stored_and_found()
    {
        var random = new Random(5);
        var ids = new byte[3][];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = new byte[40_000];
            random.NextBytes(ids[i]);
        }

        var row = new BindingRow { Payload = new byte[] { 1 }, Link = "town", ExpiresAt = 1, RemoteId = ids[0], RelayIds = [ids[1]], DeviceId = ids[2] };
        (await AppendAsync(RowOf(1, row))).Outcome.ShouldBe(JournalOutcome.Committed);
        Found(new BindingSelection.WithRemoteId(ids[0])).ShouldBe([1]);
        Found(new BindingSelection.WithRelayId(ids[1])).ShouldBe([1]);
        Found(new BindingSelection.WithDeviceId(ids[2])).ShouldBe([1]);
        Found(new BindingSelection.WithRemoteId(ids[1])).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_prefix_of_keys_finds_those_that_begin_so()
    {
        foreach (var number in new[] { 0x0000_0001, 0x0100_0001, 0x0000_ff01, 0x0000_0002 })
            await AppendAsync(Write(number, 0));
        Found(new BindingSelection.WithKeyPrefix(new byte[] { 1 })).Order().ShouldBe([0x0000_0001, 0x0000_ff01, 0x0100_0001]);
        Found(new BindingSelection.WithKeyPrefix(new byte[] { 1, 0xff })).ShouldBe([0x0000_ff01]);
        Found(new BindingSelection.WithKeyPrefix(new byte[] { 3 })).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_a_row_said_before_finds_it_no_more()
    {
        var first = await AppendAsync(RowOf(1, new BindingRow { Payload = new byte[] { 1 }, Link = "town", ExpiresAt = 1, RemoteId = Port7, RelayIds = [RelayA, RelayB], DeviceId = Device }));
        await AppendAsync(RowOf(1, new BindingRow { Payload = new byte[] { 1 }, Link = "town", ExpiresAt = 1, RelayIds = [RelayB] }, first.RowId));
        Found(new BindingSelection.WithRemoteId(Port7)).ShouldBeEmpty();
        Found(new BindingSelection.WithRelayId(RelayA)).ShouldBeEmpty();
        Found(new BindingSelection.WithDeviceId(Device)).ShouldBeEmpty();
        Found(new BindingSelection.WithRelayId(RelayB)).ShouldBe([1]);
        await AppendAsync(RowOf(1, row: null, first.RowId));
        Found(new BindingSelection.WithRelayId(RelayB)).ShouldBeEmpty();
        Found(new BindingSelection.Every()).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_address_finds_its_holder_or_that_of_the_longest_prefix_around_it()
    {
        // Only of one binding may they contain each other.
        await AppendAsync(Write(1, 0, Claim(new LeaseKey(0x1_0000, 112)), Claim(new LeaseKey(0x1_0101, 128))));
        await AppendAsync(Write(2, 0, Claim(new LeaseKey(0x3_0100, 120))));
        await AppendAsync(Write(3, 0, Claim(new LeaseKey(0x3_0201, 128))));
        Found(new BindingSelection.Holding(0x1_0101)).ShouldBe([1]);
        Found(new BindingSelection.Holding(0x1_0202)).ShouldBe([1]);
        Found(new BindingSelection.Holding(0x3_01ff)).ShouldBe([2]);
        Found(new BindingSelection.Holding(0x3_0201)).ShouldBe([3]);
        Found(new BindingSelection.Holding(0x2_0000)).ShouldBeEmpty();
        Found(new BindingSelection.HoldingWithin(0x3_0000, 112)).ShouldBe([2, 3]);
        Found(new BindingSelection.HoldingWithin(0, 0)).ShouldBe([1, 1, 2, 3]);
        Store.IsHeldByAnother(new LeaseKey(0x1_0101, 128), rowId: 0).ShouldBeTrue();
        Store.IsHeldByAnother(new LeaseKey(0x1_0101, 128), (await LoadAsync(1)).RowId).ShouldBeFalse();
        Store.IsHeldByAnother(new LeaseKey(0x1_0102, 128), rowId: 0).ShouldBeFalse();
    }

    [Fact]
    public async Task A_lease_that_was_given_back_finds_nobody()
    {
        var first = await AppendAsync(Write(1, 0, Claim(Lease(7))));
        await AppendAsync(Write(1, first.RowId, new LeaseChange(Lease(7), LeaseState.Free)));
        Store.IsHeldByAnother(Lease(7), rowId: 0).ShouldBeFalse();
    }

    [Fact]
    public async Task A_walk_that_a_visitor_stops_goes_on_with_the_row_that_was_refused()
    {
        for (var i = 0; i < 20; i++)
            await AppendAsync(Write(i, 0));
        var all = new List<int>();
        var position = default(WalkPosition);
        for (var ended = false; !ended;)
        {
            var three = new Rows(all, MaxRows: 3);
            (position, ended) = Store.Walk(new BindingSelection.Every(), position, 100, ref three);
        }

        all.ShouldBe(Enumerable.Range(0, 20));
    }

    [Fact]
    public async Task Rows_that_are_added_during_a_walk_lie_behind_the_newest_of_its_beginning()
    {
        await AppendAsync(Write(1, 0));
        var newest = Store.NewestRow;
        (await AppendAsync(Write(2, 0))).RowId.ShouldBeGreaterThan(newest);
    }

    private JournalWrite RowOf(int key, BindingRow? row, long rowId = 0) => new()
    {
        Shard = Key(key).ShardOf(Shards),
        Epoch = Epochs[Key(key).ShardOf(Shards)],
        Key = Key(key),
        RowId = rowId,
        Event = new byte[] { 1 },
        Row = row,
        Leases = default,
        ReplyTo = new Answer(),
    };

    protected List<int> Found(BindingSelection selection)
    {
        var found = new List<int>();
        var rows = new Rows(found, int.MaxValue);
        Store.Walk(selection, default, 1000, ref rows).Ended.ShouldBeTrue();
        return found;
    }

    private struct Rows(List<int> found, int MaxRows) : IBindingVisitor
    {
        private int taken;

        public bool Visit(in BindingRecord record)
        {
            if (taken++ >= MaxRows)
                return false;
            found.Add(BitConverter.ToInt32(record.Key));
            return true;
        }
    }
}
