using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Kernel.TestKit;

namespace Lease.Kernel.Tests.Kit;

public sealed class TestJournalTests : TestKit.TestKit
{
    private static readonly LeaseKey One = new(1, 128);
    private static readonly LeaseKey Two = new(2, 128);

    private readonly TestJournal journal;
    private readonly TestProbe probe;

    public TestJournalTests()
    {
        journal = new TestJournal(Time);
        probe = CreateTestProbe();
    }

    [Fact]
    public void A_freed_lease_may_be_taken_by_another_and_a_held_one_may_not()
    {
        Append("a", 0, new LeaseChange(One, LeaseState.Active)).ShouldBe(JournalOutcome.Committed);
        Append("b", 0, new LeaseChange(Two, LeaseState.Active), new LeaseChange(One, LeaseState.Active)).ShouldBe(JournalOutcome.LeaseConflict);
        Append("a", 0, new LeaseChange(One, LeaseState.Free)).ShouldBe(JournalOutcome.Committed);
        Append("b", 0, new LeaseChange(Two, LeaseState.Declined), new LeaseChange(One, LeaseState.Active)).ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public async Task Freeing_what_another_holds_has_no_effect()
    {
        Append("a", 0, new LeaseChange(One, LeaseState.Active));
        Append("b", 0, new LeaseChange(One, LeaseState.Free)).ShouldBe(JournalOutcome.Committed);
        var leases = await journal.ReadLeasesAsync(TestContext.Current.CancellationToken).ToArrayAsync(TestContext.Current.CancellationToken);
        leases.ShouldHaveSingleItem().State.ShouldBe(LeaseState.Active);
    }

    [Fact]
    public async Task What_is_due_comes_earliest_first_and_limited()
    {
        Append("a", 30);
        Append("b", 10);
        Append("c", 20);
        Append("d", 99);
        var due = await journal.FindDueAsync([0], now: 30, limit: 2, TestContext.Current.CancellationToken);
        due.ShouldBe([KeyOf("b"), KeyOf("c")]);
        (await journal.FindDueAsync([1], now: 30, limit: 2, TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    [Fact]
    public void A_write_that_did_not_commit_leaves_no_trace()
    {
        journal.Script(JournalOutcome.Failed);
        Append("a", 0, new LeaseChange(One, LeaseState.Active)).ShouldBe(JournalOutcome.Failed);
        journal.Load(KeyOf("a"), probe.Ref);
        probe.ExpectMsg<BindingLoaded>(static loaded => loaded is { Payload: null, RowId: 0, Sequence: 0 });
        Append("b", 0, new LeaseChange(One, LeaseState.Active)).ShouldBe(JournalOutcome.Committed);
        journal.Decided[^1].Sequence.ShouldBe(1);
    }

    private static EntityKey KeyOf(string name) => new(System.Text.Encoding.ASCII.GetBytes(name));

    private JournalOutcome Append(string name, long expiresAt, params LeaseChange[] leases)
    {
        journal.TryAppend(new JournalWrite
        {
            Shard = 0,
            Epoch = 1,
            Key = KeyOf(name),
            RowId = 0,
            Event = default,
            Row = new BindingRow { Payload = new byte[] { 1 }, Link = "link", ExpiresAt = expiresAt },
            Leases = leases,
            ReplyTo = probe.Ref,
        }).ShouldBeTrue();
        return probe.ExpectMsg<JournalWrite>().Outcome;
    }
}
