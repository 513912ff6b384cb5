using System.Net;
using Lease.Cluster.Tests.Checking;

namespace Lease.Cluster.Tests;

/// <summary>The checker finds what it is there for, and only that.</summary>
public sealed class CheckerTests
{
    private static readonly IPAddress Link = IPAddress.Parse("2001:db8:1::1");
    private static readonly IPAddress Node = IPAddress.Parse("fd00::11");
    private static readonly Resource Address = new(IPAddress.Parse("2001:db8:1::100"), 128);

    private readonly Checker checker = new();
    private int lastTransaction;

    [Fact]
    public void A_lease_that_is_granted_renewed_and_released_is_fine()
    {
        Grant(1, "a", 100);
        Exchange(50, Kind.Renew, "a", 100);
        Exchange(60, Kind.Release, "a", 0);
        Grant(60.01, "b", 100);
        checker.TakeBindings([new HeldLease(Address, "b", 160)], 70, "n1");
        checker.Violations.ShouldBeEmpty();
        checker.Granted.ShouldBe(3);
        checker.Reused.ShouldBe(1);
    }

    [Fact]
    public void A_client_that_is_not_answered_is_found()
    {
        Grant(1, "a", 100);
        for (var i = 0; i < 3; i++)
            Send(2 + i, Kind.Renew, "a", lastTransaction + 1, 0);
        checker.RequireAnswers(60);
        checker.Violations.ShouldHaveSingleItem().Text.ShouldContain("3 times without an answer");
    }

    [Fact]
    public void An_address_for_two_clients_is_found()
    {
        Grant(1, "a", 100);
        Grant(99, "b", 100);
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.GrantedTwice);
        checker.Violations[0].Evidence.Count.ShouldBe(4);
    }

    [Fact]
    public void A_prefix_for_two_clients_is_found_where_only_a_renewal_made_it_last()
    {
        Grant(1, "a", 10);
        Exchange(6, Kind.Renew, "a", 10);
        Grant(12, "b", 10);
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.GrantedTwice);
    }

    [Theory]
    [InlineData("2001:db8:100::", 56, "2001:db8:100:10::", 60, true)]
    [InlineData("2001:db8:100:f0::", 60, "2001:db8:100::", 56, true)]
    [InlineData("2001:db8:100::", 56, "2001:db8:100:ff::1", 128, true)]
    [InlineData("2001:db8:100::", 56, "2001:db8:100:100::", 60, false)]
    public void A_prefix_within_anothers_or_around_it_is_found(string address, int length, string otherAddress, int otherLength,
        bool isFound)
    {
        var (one, other) = (new Resource(IPAddress.Parse(address), length), new Resource(IPAddress.Parse(otherAddress), otherLength));
        Grant(1, "a", 100, one);
        Grant(50, "b", 100, other);
        checker.Violations.Select(static v => v.Rule).ShouldBe(isFound ? [Rule.GrantedTwice] : []);
        checker.TakeBindings([new HeldLease(one, "a", 101), new HeldLease(other, "b", 150)], 60, "n1");
        checker.Violations.Select(static v => v.Rule).ShouldBe(isFound ? [Rule.GrantedTwice, Rule.GrantedTwice] : []);
    }

    [Fact]
    public void An_address_may_be_granted_when_the_lifetime_is_over_within_the_tolerance()
    {
        Grant(1, "a", 10);
        Grant(11 - Checker.Tolerance + 0.1, "b", 10);
        checker.Violations.ShouldBeEmpty();
    }

    [Fact]
    public void An_address_may_not_be_granted_earlier_than_that()
    {
        Grant(1, "a", 10);
        Grant(11 - Checker.Tolerance - 0.1, "b", 10);
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.GrantedTwice);
    }

    [Fact]
    public void A_release_ends_the_lease_when_it_is_sent_answered_or_not()
    {
        Grant(1, "a", 100);
        Send(5, Kind.Release, "a", ++lastTransaction, 0);
        Grant(5.001, "b", 100);
        checker.Violations.ShouldBeEmpty();
    }

    [Fact]
    public void Another_clients_release_ends_nothing()
    {
        Grant(1, "a", 100);
        Exchange(5, Kind.Release, "c", 0);
        Grant(6, "b", 100);
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.GrantedTwice);
    }

    [Fact]
    public void A_declined_address_is_nobodys()
    {
        Grant(1, "a", 100);
        Exchange(5, Kind.Decline, "a", 0);
        Grant(6, "b", 100);
        checker.TakeBindings([new HeldLease(Address, "b", 106)], 10, "n1");
        checker.Violations.ShouldBeEmpty();
    }

    [Fact]
    public void A_reply_with_lifetime_zero_takes_a_lease_away()
    {
        Grant(1, "a", 100);
        Exchange(5, Kind.Renew, "a", 0);
        Grant(5.01, "b", 100);
        checker.Violations.ShouldBeEmpty();
    }

    [Fact]
    public void A_reply_that_the_client_gave_up_waiting_for_grants_nothing()
    {
        Send(1, Kind.Request, "a", 1, 0);
        Send(2, Kind.Solicit, "a", 2, 0);
        Reply(3, "a", 1, 100);
        lastTransaction = 2;
        Grant(4, "b", 100);
        checker.Violations.ShouldBeEmpty();
    }

    [Fact]
    public void A_late_reply_counts_from_when_it_was_asked_for()
    {
        Send(1, Kind.Request, "a", 1, 0);
        Reply(6, "a", 1, 10);
        lastTransaction = 1;
        Grant(12, "b", 10);
        checker.Violations.ShouldBeEmpty();
        checker.LateOverlaps.ShouldBe(1);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    public void A_client_that_is_told_it_has_nothing_is_found(int status)
    {
        Grant(1, "a", 100);
        var transaction = ++lastTransaction;
        Send(5, Kind.Renew, "a", transaction, 0);
        checker.Take(Message(5.01, Kind.Reply, "a", transaction, status));
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.Forgotten);
    }

    [Fact]
    public void A_client_whose_lease_is_over_may_be_told_so()
    {
        Grant(1, "a", 10);
        var transaction = ++lastTransaction;
        Send(15, Kind.Renew, "a", transaction, 0);
        checker.Take(Message(15.01, Kind.Reply, "a", transaction, 3));
        checker.Violations.ShouldBeEmpty();
    }

    [Fact]
    public void A_release_that_finds_no_binding_is_found_unless_it_was_sent_twice()
    {
        Grant(1, "a", 100);
        Send(5, Kind.Release, "a", 77, 0);
        checker.Take(Message(5.01, Kind.Reply, "a", 77, 3));
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.Forgotten);

        Grant(10, "b", 100);
        Send(15, Kind.Release, "b", 78, 0);
        Send(16, Kind.Release, "b", 78, 0);
        checker.Take(Message(16.01, Kind.Reply, "b", 78, 3));
        checker.Violations.Count.ShouldBe(1);
    }

    [Fact]
    public void A_reply_that_nobody_asked_for_is_found()
    {
        Grant(1, "a", 100);
        Reply(2, "b", lastTransaction, 100);
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.NotAsked);
    }

    [Fact]
    public void A_lost_lease_is_found()
    {
        Grant(1, "a", 100);
        checker.TakeBindings([], 20, "n1");
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.Lost);
    }

    [Fact]
    public void A_lease_that_has_ended_need_not_be_there()
    {
        Grant(1, "a", 10);
        checker.TakeBindings([], 20, "n1");
        checker.Violations.ShouldBeEmpty();
    }

    [Fact]
    public void A_lease_need_not_be_told_of_in_its_last_second_and_must_before()
    {
        Grant(1, "a", 100);
        checker.TakeBindings([], 99.6, "n1");
        checker.Violations.ShouldBeEmpty();
        checker.TakeBindings([], 99.4, "n1");
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.Lost);
    }

    [Fact]
    public void A_lease_of_another_client_is_found()
    {
        Grant(1, "a", 100);
        checker.TakeBindings([new HeldLease(Address, "b", 101)], 20, "n1");
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.HeldByAnother);
    }

    [Fact]
    public void A_lease_that_ends_too_early_is_found()
    {
        Grant(1, "a", 100);
        Exchange(50, Kind.Renew, "a", 100);
        checker.TakeBindings([new HeldLease(Address, "a", 101)], 60, "n1");
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.EndsTooEarly);
    }

    [Fact]
    public void A_released_lease_that_is_still_there_is_found()
    {
        Grant(1, "a", 100);
        Exchange(5, Kind.Release, "a", 0);
        checker.TakeBindings([new HeldLease(Address, "a", 101)], 20, "n1");
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.NotEnded);
    }

    [Fact]
    public void Two_bindings_with_one_address_are_found()
    {
        checker.TakeBindings([new HeldLease(Address, "a", 101), new HeldLease(Address, "b", 101)], 20, "n1");
        checker.Violations.ShouldHaveSingleItem().Rule.ShouldBe(Rule.GrantedTwice);
    }

    [Fact]
    public void A_relayed_request_is_read()
    {
        // RELAY-FORW of fe80::1 on 2001:db8:1::1, in it a REQUEST with client id, IA_NA with an address, and IA_PD with a prefix.
        var inner = Convert.FromHexString(
            "03aabbcc" + "0001000400030001" + "00030028" + "00000007" + "0000000000000000" + "00050018" + "20010db8000100000000000000000100" + "0000000100000002"
            + "00190029" + "00000008" + "0000000000000000" + "001a0019" + "0000000300000004" + "38" + "20010db8010001000000000000000000");
        var outer = Convert.FromHexString("0c00" + "20010db8000100000000000000000001" + "fe800000000000000000000000000001" + "0009" + inner.Length.ToString("x4") + Convert.ToHexString(inner));
        var packet = PacketReader.ReadMessage(5, outer, Node)!;
        packet.Kind.ShouldBe(Kind.Request);
        packet.Transaction.ShouldBe(0xaabbcc);
        packet.Client.ShouldBe("00030001");
        packet.Link.ShouldBe(Link);
        packet.Associations.Select(static a => (a.Type, a.Id)).ShouldBe([(3, 7u), (25, 8u)]);
        packet.Leases.ShouldBe([new LeaseSeen(Address, 2), new LeaseSeen(new Resource(IPAddress.Parse("2001:db8:100:100::"), 56), 4)]);
    }

    [Theory]
    [InlineData(0xa1b2c3d4, 250_000)]
    [InlineData(0xa1b23c4d, 250_000_000)]
    public void A_capture_is_read_in_its_order(uint magic, uint fraction)
    {
        var capture = new List<byte>();
        Number(magic);
        capture.AddRange(new byte[20]);
        Frame(17, 546, 547, "01aabbcc" + "0001000400030001");
        Frame(6, 546, 547, "01aabbcc" + "0001000400030001");
        Frame(17, 547, 546, "02aabbcc" + "0001000400030001" + "000200020009");
        var packets = PacketReader.ReadCapture([.. capture, 0, 0]).ToList();
        packets.Select(static p => (p.Kind, p.Client, p.Server, p.Peer)).ShouldBe(
            [(Kind.Solicit, "00030001", string.Empty, IPAddress.Parse("fd00::12")), (Kind.Advertise, "00030001", "0009", IPAddress.Parse("fd00::11"))]);
        packets[0].At.ShouldBe(77.25, 1e-6);

        void Frame(byte protocol, ushort source, ushort target, string message)
        {
            var payload = Convert.FromHexString(message);
            byte[] frame =
            [
                .. new byte[12], 0x86, 0xdd, 0x60, 0, 0, 0, 0, (byte)(payload.Length + 8), protocol, 64, .. Node.GetAddressBytes(), .. IPAddress.Parse("fd00::12").GetAddressBytes(),
                (byte)(source >> 8), (byte)source, (byte)(target >> 8), (byte)target, 0, (byte)(payload.Length + 8), 0, 0, .. payload,
            ];
            Number(77);
            Number(fraction);
            Number((uint)frame.Length);
            Number((uint)frame.Length);
            capture.AddRange(frame);
        }

        void Number(uint value) => capture.AddRange(BitConverter.GetBytes(value));
    }

    [Fact]
    public void What_breaks_the_format_is_an_error()
        => Should.Throw<FormatException>(() => PacketReader.ReadMessage(5, Convert.FromHexString("03aabbcc00010005ff"), Node));

    private void Grant(double at, string client, uint valid) => Exchange(at, Kind.Request, client, valid);

    private void Grant(double at, string client, uint valid, Resource resource)
    {
        checker.Take(Message(at - 0.001, Kind.Request, client, ++lastTransaction, 0, new LeaseSeen(resource, 0)));
        checker.Take(Message(at, Kind.Reply, client, lastTransaction, 0, new LeaseSeen(resource, valid)));
    }

    private void Exchange(double at, Kind kind, string client, uint valid)
    {
        var transaction = ++lastTransaction;
        Send(at - 0.001, kind, client, transaction, 0);
        if (kind is Kind.Release or Kind.Decline)
            checker.Take(Message(at, Kind.Reply, client, transaction, 0));
        else
            Reply(at, client, transaction, valid);
    }

    private void Send(double at, Kind kind, string client, int transaction, int status) => checker.Take(Message(at, kind, client, transaction, status, new LeaseSeen(Address, 0)));

    private void Reply(double at, string client, int transaction, uint valid) => checker.Take(Message(at, Kind.Reply, client, transaction, 0, new LeaseSeen(Address, valid)));

    private static Packet Message(double at, Kind kind, string client, int transaction, int status, params LeaseSeen[] leases)
        => new(at, kind, transaction, client, Link, Node, 0, RapidCommit: false, [new AssociationSeen(3, 1, status, leases)]);
}
