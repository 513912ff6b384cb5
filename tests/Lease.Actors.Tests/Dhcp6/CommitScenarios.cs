using Lease.Actors.Dhcp6;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Tests.Dhcp6;

/// <summary>Commit before reply: every answer that grants, extends or ends a lease, with a journal that waits, refuses, fails or is fenced.</summary>
public sealed class CommitScenarios : Dhcp6TestKit
{
    public static TheoryData<MessageType> Committing => [MessageType.Request, MessageType.Renew, MessageType.Rebind, MessageType.Release, MessageType.Decline];

    [Theory]
    [MemberData(nameof(Committing))]
    public void No_reply_leaves_before_its_commit(MessageType type)
    {
        var address = Bind(type);
        Journal.HoldWrites = true;
        Send(type, address);
        Replies.ShouldBeEmpty();
        Journal.DecideNext().ShouldBeTrue();
        Replies.ShouldHaveSingleItem().Type.ShouldBe(MessageType.Reply);
    }

    [Theory]
    [MemberData(nameof(Committing))]
    public void A_commit_that_fails_is_not_answered_and_the_next_try_is(MessageType type)
    {
        var address = Bind(type);
        Journal.Script(JournalOutcome.Failed);
        Send(type, address);
        Replies.ShouldBeEmpty();
        Counters.Dropped(Dhcp6Drop.NotCommitted).ShouldBe(1);
        Send(type, address);
        Replies.ShouldHaveSingleItem().Type.ShouldBe(MessageType.Reply);
    }

    [Theory]
    [MemberData(nameof(Committing))]
    public void A_fenced_commit_is_not_answered(MessageType type)
    {
        var address = Bind(type);
        Journal.Script(JournalOutcome.Fenced);
        Send(type, address);
        Replies.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(MessageType.Request)]
    [InlineData(MessageType.Renew)]
    [InlineData(MessageType.Rebind)]
    public void Copies_of_a_message_are_answered_alike_and_committed_once(MessageType type)
    {
        var address = Bind(type);
        Time.Advance(TimeSpan.FromSeconds(10));
        var decided = Journal.Decided.Count;
        for (var copy = 0; copy < 3; copy++)
            Send(type, address);
        Replies.ShouldBe(Enumerable.Repeat(Replies[0], 3));
        Replies[0].Valid.ShouldBe(4000u);
        Journal.Decided.Count.ShouldBe(decided + 1);

        // The same number again much later is another message.
        Time.Advance(TimeSpan.FromSeconds(10));
        Send(type, address);
        Journal.Decided.Count.ShouldBe(decided + 2);
    }

    [Theory]
    [MemberData(nameof(Committing))]
    public void A_lease_that_a_message_names_twice_changes_once(MessageType type)
    {
        var address = Bind(type);
        Time.Advance(TimeSpan.FromSeconds(10));
        var association = new Dhcp6Writer(new byte[100]);
        association.Octets([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        IaAddressOption.Write(ref association, address, 0, 0);
        Send(type, address, others: (OptionCode.IaNa, association.Written.ToArray()));
        Replies.ShouldHaveSingleItem().Status.ShouldBe(StatusCode.Success);
        var expected = type switch { MessageType.Release => LeaseState.Free, MessageType.Decline => LeaseState.Declined, _ => LeaseState.Active };
        Journal.Decided[^1].Leases.ToArray().ShouldHaveSingleItem().State.ShouldBe(expected);
    }

    [Fact]
    public void A_lease_is_committed_as_new_once()
    {
        var address = Bind(MessageType.Renew);
        IsNew().ShouldBeTrue();
        Time.Advance(TimeSpan.FromSeconds(10));
        Send(MessageType.Renew, address);
        IsNew().ShouldBeFalse();
        Send(MessageType.Release, address);
        Send(MessageType.Request, address);
        Replies[^1].Address.ShouldBe(address);
        IsNew().ShouldBeFalse();

        bool IsNew() => Journal.Decided[^1].Leases.ToArray().ShouldHaveSingleItem().IsNew;
    }

    [Fact]
    public void A_binding_is_an_actor_only_while_it_holds_what_is_not_stored()
    {
        Send(MessageType.Solicit, default);
        var offered = Replies.ShouldHaveSingleItem().Address.ShouldNotBeNull();
        Region.Counters.Live.ShouldBe(1);
        Send(MessageType.Request, offered);
        Region.Counters.Live.ShouldBe(0);

        // An offer that nobody takes up is forgotten after a while; the address is still kept for the client.
        Send(MessageType.Release, offered);
        Send(MessageType.Solicit, default);
        Region.Counters.Live.ShouldBe(1);
        Time.Advance(TimeSpan.FromSeconds(10));
        Region.Counters.Live.ShouldBe(0);
        Send(MessageType.Request, offered);
        Replies[^1].Address.ShouldBe(offered);
        Replies[^1].Valid.ShouldBe(4000u);
    }

    [Fact]
    public void A_copy_of_a_message_whose_commit_failed_is_not_answered_from_what_was_not_committed()
    {
        var address = Bind(MessageType.Renew);
        Time.Advance(TimeSpan.FromSeconds(10));
        Journal.Script(JournalOutcome.Failed);
        Send(MessageType.Renew, address);
        Replies.ShouldBeEmpty();
        var decided = Journal.Decided.Count;
        Send(MessageType.Renew, address);
        Replies.ShouldHaveSingleItem().Valid.ShouldBe(4000u);
        Journal.Decided.Count.ShouldBe(decided + 1);
    }

    [Fact]
    public void A_lease_that_another_binding_holds_is_replaced_by_another_one_in_the_same_exchange()
    {
        var offered = Bind(MessageType.Request);
        Journal.Script(JournalOutcome.LeaseConflict);
        Send(MessageType.Request, offered);
        var reply = Replies.ShouldHaveSingleItem();
        reply.Type.ShouldBe(MessageType.Reply);
        reply.Address.ShouldNotBeNull().ShouldNotBe(offered);
        Journal.Decided[^1].Outcome.ShouldBe(JournalOutcome.Committed);
    }

    [Fact]
    public void A_journal_that_is_full_leaves_the_client_to_ask_again()
    {
        var address = Bind(MessageType.Request);
        Journal.IsFull = true;
        Send(MessageType.Request, address);
        Replies.ShouldBeEmpty();
        Journal.IsFull = false;
        Send(MessageType.Request, address);
        Replies.ShouldHaveSingleItem().Address.ShouldBe(address);
    }
}
