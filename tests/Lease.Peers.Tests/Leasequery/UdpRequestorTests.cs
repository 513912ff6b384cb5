using Lease.Kernel.TestKit;
using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Peers.Tests.Leasequery;

/// <summary>What seed 003 (RFC 5007) sections 4.2 to 4.5 demand of the requestor, against a server that plays each part.</summary>
public sealed class UdpRequestorTests : IDisposable
{
    private static readonly LeasequeryRequest Query = LeasequeryRequest.ByLink(Ipv6Address.TryParse("2001:db8:1::", out var link) ? link : default);

    private readonly ScriptedUdpServer server = new();
    private readonly VirtualTime time = new();
    private readonly UdpRequestor requestor;

    public UdpRequestorTests() => requestor = new UdpRequestor(server.Address, Answers.Requestor, time, new Random(1));

    private static DraftCodePoints Points { get; } = new();

    public void Dispose()
    {
        requestor.Dispose();
        server.Dispose();
    }

    [Fact]
    [Trait("Seed", "003 4.2.2")]
    public async Task Replies_without_SERVERID_or_of_another_requestor_or_query_are_discarded()
    {
        var asking = AskAsync();
        var id = (await server.ReceiveAsync()).TransactionId;
        server.Send(Answers.Message(MessageType.LeaseQueryReply, id, Answers.Option(OptionCode.ClientId, Answers.Requestor), Answers.Client(1)));
        server.Send(Answers.Message(MessageType.LeaseQueryReply, id, Answers.Option(OptionCode.ServerId, Answers.Server), Answers.Client(2)));
        server.Send(Answers.Message(MessageType.LeaseQueryReply, id, Answers.Option(OptionCode.ServerId, Answers.Server), Answers.Option(OptionCode.ClientId, Answers.DuidOf(1)), Answers.Client(3)));
        server.Send(Answers.Reply(id + 1, Answers.Client(4)));
        server.Send([.. Answers.Reply(id, Answers.Client(5)), 0, 1, 0]);
        server.Send(Answers.Message(MessageType.Reply, id, Answers.Option(OptionCode.ServerId, Answers.Server), Answers.Option(OptionCode.ClientId, Answers.Requestor), Answers.Client(6)));
        server.Send([]);
        server.Send(Answers.Reply(id, Answers.Client(7)));
        (await asking).Single().ClientId.ShouldBe(Answers.DuidOf(7));
    }

    [Fact]
    [Trait("Seed", "003 4.3.1")]
    public async Task A_query_has_the_requestors_CLIENTID_a_transaction_id_the_query_and_the_reply_size()
    {
        var asking = AskAsync(Query with { ReplySize = 1024, Options = [OptionCode.LqRelayData] });
        var query = await server.ReceiveAsync();
        query.Type.ShouldBe(MessageType.LeaseQuery);
        query[OptionCode.ClientId].ShouldBe(Answers.Requestor);
        query[OptionCode.ServerId].ShouldBeNull();
        query[Points.ReplySize].ShouldBe(new byte[] { 4, 0 });
        query[OptionCode.LqQuery].ShouldBe([4, 0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. Answers.Option(OptionCode.OptionRequest, [0, 47])]);
        server.Send(Answers.Reply(query.TransactionId));
        (await asking).ShouldBeEmpty();
    }

    [Fact]
    [Trait("Seed", "003 4.3.2")]
    public async Task An_unanswered_query_is_sent_five_times_in_growing_intervals_of_at_most_ten_seconds()
    {
        var asking = AskAsync();
        var first = await server.ReceiveAsync();
        foreach (var interval in new[] { 1.0, 2, 4, 8 })
        {
            time.Advance(TimeSpan.FromSeconds(interval * 0.75));
            asking.IsCompleted.ShouldBeFalse();
            time.Advance(TimeSpan.FromSeconds(interval * 0.5));
            (await server.ReceiveAsync()).TransactionId.ShouldBe(first.TransactionId);
        }

        time.Advance(TimeSpan.FromSeconds(8.9));
        asking.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(2.2));
        (await Should.ThrowAsync<IOException>(asking)).Message.ShouldContain("no answer");
    }

    [Fact]
    [Trait("Seed", "003 4.3.2")]
    public async Task A_later_transmission_is_answered_as_well_as_the_first()
    {
        var asking = AskAsync();
        await server.ReceiveAsync();
        time.Advance(TimeSpan.FromSeconds(1.2));
        server.Send(Answers.Reply((await server.ReceiveAsync()).TransactionId, Answers.Client(1)));
        (await asking).Count.ShouldBe(1);
    }

    [Fact]
    [Trait("Seed", "003 4.3.3.1")]
    public async Task A_CLIENT_DATA_without_CLT_TIME_is_ignored_and_the_others_count()
    {
        var asking = AskAsync();
        var id = (await server.ReceiveAsync()).TransactionId;
        var timeless = Answers.Option(OptionCode.ClientData, Answers.Option(OptionCode.ClientId, Answers.DuidOf(1)));
        var nameless = Answers.Option(OptionCode.ClientData, Answers.Number(OptionCode.CltTime, 5));
        server.Send(Answers.Reply(id, timeless, Answers.Client(2, valid: 77, since: 9), nameless, Answers.Client(3)));
        var clients = await asking;
        clients.Select(static c => c.ClientId).ShouldBe([Answers.DuidOf(2), Answers.DuidOf(3)]);
        var lease = clients[0].Leases.Single();
        (lease.Prefix.Address, lease.IsDelegated, lease.Valid, clients[0].SinceLastTransaction).ShouldBe((Answers.AddressOf(2), false, 77u, 9u));
    }

    [Theory]
    [InlineData(StatusCode.NotAllowed)]
    [InlineData(StatusCode.NotConfigured)]
    [InlineData(StatusCode.UnknownQueryType)]
    [InlineData(StatusCode.MalformedQuery)]
    [Trait("Seed", "003 4.3.3.2")]
    public async Task An_error_ends_the_query_with_the_servers_words(StatusCode status)
    {
        var asking = AskAsync();
        server.Send(Answers.Reply((await server.ReceiveAsync()).TransactionId, Answers.Status(status, "not you")));
        var error = await Should.ThrowAsync<LeasequeryException>(asking);
        (error.Status, error.Message).ShouldBe((status, $"{status}: not you"));
    }

    [Fact]
    [Trait("Seed", "003 4.3.3.2")]
    public async Task TooShort_is_answered_with_a_larger_reply_size_once()
    {
        var asking = AskAsync(Query with { ReplySize = 100 });
        server.Send(Answers.Reply((await server.ReceiveAsync()).TransactionId, Answers.Status(Points.TooShort)));
        var second = await server.ReceiveAsync();
        second[Points.ReplySize].ShouldBe([65_000 >> 8, 65_000 & 255]);
        server.Send(Answers.Reply(second.TransactionId, Answers.Status(Points.TooShort)));
        (await Should.ThrowAsync<LeasequeryException>(asking)).Status.ShouldBe(Points.TooShort);
    }

    [Fact]
    [Trait("Seed", "003 4.5.2")]
    public async Task A_cookie_goes_back_as_it_came_to_the_server_that_gave_it()
    {
        var asking = AskAsync();
        var first = await server.ReceiveAsync();
        server.Send(Answers.Reply(first.TransactionId, Answers.Client(1), Answers.Option(Points.LqCookie, [1, 2, 3])));
        var second = await server.ReceiveAsync();
        second.TransactionId.ShouldNotBe(first.TransactionId);
        second[OptionCode.LqQuery].ShouldBe(first[OptionCode.LqQuery]);
        second[Points.LqCookie].ShouldBe(new byte[] { 1, 2, 3 });
        second[OptionCode.ServerId].ShouldBe(Answers.Server);
        server.Send(Answers.Reply(second.TransactionId, Answers.Client(2)));
        (await asking).Count.ShouldBe(2);
        requestor.Replies.ShouldBe(2);
    }

    [Fact]
    [Trait("Seed", "003 4.5.2")]
    public async Task StaleCookie_restarts_the_series_without_a_cookie_and_not_for_ever()
    {
        var asking = AskAsync();
        for (var round = 0; round < 4; round++)
        {
            var fresh = await server.ReceiveAsync();
            fresh[Points.LqCookie].ShouldBeNull();
            server.Send(Answers.Reply(fresh.TransactionId, Answers.Client(1), Answers.Option(Points.LqCookie, [9])));
            var next = await server.ReceiveAsync();
            next[Points.LqCookie].ShouldNotBeNull();
            server.Send(Answers.Reply(next.TransactionId, Answers.Status(Points.StaleCookie)));
        }

        (await Should.ThrowAsync<LeasequeryException>(asking)).Status.ShouldBe(Points.StaleCookie);
    }

    [Fact]
    [Trait("Seed", "003 4.5.2")]
    public async Task A_server_that_gives_the_same_cookie_again_is_not_asked_for_ever()
    {
        var asking = AskAsync();
        for (var i = 0; i < 2; i++)
            server.Send(Answers.Reply((await server.ReceiveAsync()).TransactionId, Answers.Client(1), Answers.Option(Points.LqCookie, [9])));
        (await Should.ThrowAsync<IOException>(asking)).Message.ShouldContain("cookie");
    }

    [Fact]
    [Trait("RFC", "5007 4.3.3")]
    public async Task Links_of_LQ_CLIENT_LINK_are_asked_one_by_one_each_to_the_end_of_its_series()
    {
        var asking = AskAsync(LeasequeryRequest.ByClientId(Answers.DuidOf(1)));
        var links = new byte[2 * Ipv6Address.Size];
        (links[15], links[31]) = (1, 2);
        server.Send(Answers.Reply((await server.ReceiveAsync()).TransactionId, Answers.Option(OptionCode.LqClientLink, links)));
        var first = await server.ReceiveAsync();
        first.Link.ShouldBe(new Ipv6Address(1));
        server.Send(Answers.Reply(first.TransactionId, Answers.Client(1, address: 1), Answers.Option(Points.LqCookie, [9])));
        server.Send(Answers.Reply((await server.ReceiveAsync()).TransactionId, Answers.Client(1, address: 2)));
        var second = await server.ReceiveAsync();
        second.Link.ShouldBe(new Ipv6Address(2));
        server.Send(Answers.Reply(second.TransactionId, Answers.Client(1, address: 3), Answers.Option(OptionCode.LqClientLink, links)));
        (await asking).Count.ShouldBe(3);
    }

    [Fact]
    public async Task Garbage_never_throws_and_the_true_answer_still_counts()
    {
        var random = new Random(4711);
        for (var round = 0; round < 200; round++)
        {
            var asking = AskAsync();
            var id = (await server.ReceiveAsync()).TransactionId;
            var whole = Answers.Reply(id, Answers.Client(1), Answers.Option(OptionCode.LqClientLink, [1, 2, 3]));
            for (var i = 0; i < 5; i++)
            {
                var bent = whole[..random.Next(whole.Length)];
                if (bent.Length > 4)
                    bent[random.Next(1, 4)] ^= 0x55;
                server.Send(bent);
            }

            server.Send(Answers.Reply(id, Answers.Client(round)));
            (await asking).Count.ShouldBe(1);
        }
    }

    private Task<List<ClientData>> AskAsync(LeasequeryRequest? request = null) => requestor.QueryAsync(request ?? Query).ToListAsync();
}
