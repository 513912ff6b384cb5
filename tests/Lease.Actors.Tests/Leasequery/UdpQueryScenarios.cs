using Lease.Actors.Configuration;
using Lease.Actors.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Leasequery;

/// <summary>Seed 003 (RFC 5007) sections 4.2 to 4.5 over UDP.</summary>
public sealed class UdpQueryScenarios
{
    [Fact]
    [Trait("Seed", "003 4.2.1")]
    public async Task Queries_without_client_id_or_query_or_for_another_server_are_discarded()
    {
        await using var kit = new LeasequeryKit();
        kit.Ask(LeasequeryKit.Query(change: static o => o.RemoveAll(static x => x.Code == OptionCode.ClientId))).ShouldBeNull();
        kit.Ask(LeasequeryKit.Query(change: static o => o.RemoveAll(static x => x.Code == OptionCode.LqQuery))).ShouldBeNull();
        kit.Ask(LeasequeryKit.Query(change: static o => o.Add((OptionCode.ServerId, LeasequeryKit.Requestor)))).ShouldBeNull();
        kit.Ask(LeasequeryKit.Query(change: static o => o.Add(((OptionCode)65002, [1, 2, 3])))).ShouldBeNull();
        kit.Service.Counters[LeasequeryCount.Invalid].ShouldBe(4);
        Read(kit.Ask(LeasequeryKit.Query(change: static o => o.Add((OptionCode.ServerId, LeasequeryKit.ServerDuid))))).Status.ShouldBeNull();
    }

    [Fact]
    [Trait("Seed", "003 4.1.2.3")]
    public async Task A_cookie_that_is_not_the_servers_or_of_another_query_is_stale()
    {
        await using var kit = new LeasequeryKit();
        for (var i = 1; i <= 30; i++)
            kit.Tables.Change(i);
        var first = Read(kit.Ask(LeasequeryKit.Query()));
        first.Cookie.ShouldNotBeEmpty();
        var forged = first.Cookie.ToArray();
        forged[0] ^= 1;
        Read(kit.Ask(Continue(forged))).Status.ShouldBe((StatusCode)65001);
        Read(kit.Ask(Continue([1]))).Status.ShouldBe((StatusCode)65001);
        Read(kit.Ask(Continue(first.Cookie, link: 1))).Status.ShouldBe((StatusCode)65001);
        Read(kit.Ask(Continue(first.Cookie))).Clients.ShouldNotBeEmpty();
    }

    [Fact]
    [Trait("Seed", "003 4.5.3")]
    public async Task A_series_ends_and_returns_each_client_that_was_there_throughout_although_others_come_and_go()
    {
        await using var kit = new LeasequeryKit();
        for (var i = 1; i <= 50; i++)
            kit.Tables.Change(i);
        var told = new HashSet<string>();
        var reply = Read(kit.Ask(LeasequeryKit.Query()));
        var replies = 1;
        for (var newcomer = 1000; reply.Cookie.Length > 0; newcomer++, replies++)
        {
            reply.Clients.ShouldAllBe(c => told.Add(c.Client));

            // The next one that would have come goes, and a new one comes, for as long as the series lasts.
            if (replies <= 3)
                kit.Tables.Remove(50 - replies);
            kit.Tables.Change(newcomer);
            kit.Tables.Change(newcomer + 10_000);
            reply = Read(kit.Ask(Continue(reply.Cookie)));
            replies.ShouldBeLessThan(20, "it does not end");
        }

        reply.Clients.ShouldAllBe(c => told.Add(c.Client));
        var throughout = Enumerable.Range(1, 50).Where(static i => i is < 47 or 50).Select(static i => Convert.ToHexString(MemoryTables.DuidOf(i)));
        throughout.Except(told, StringComparer.Ordinal).ShouldBeEmpty();
        told.Count.ShouldBeLessThan(50);
    }

    [Fact]
    [Trait("Seed", "003 4.1.2.2")]
    public async Task Each_reply_fits_the_reply_size_and_a_client_that_does_not_is_TooShort()
    {
        await using var kit = new LeasequeryKit();
        for (var i = 1; i <= 20; i++)
            kit.Tables.Change(i);
        foreach (var size in (ushort[])[150, 200, 333, 512, 1500])
        {
            var reply = kit.Ask(LeasequeryKit.Query(change: o => o.Add(((OptionCode)65001, [(byte)(size >> 8), (byte)size])))).ShouldNotBeNull();
            reply.Length.ShouldBeLessThanOrEqualTo(size);
            Read(reply).Clients.ShouldNotBeEmpty();
        }

        Read(kit.Ask(LeasequeryKit.Query(change: static o => o.Add(((OptionCode)65001, [0, 90]))))).Status.ShouldBe((StatusCode)65002);
        kit.Ask(LeasequeryKit.Query()).ShouldNotBeNull().Length.ShouldBeLessThanOrEqualTo(1024);
    }

    [Fact]
    [Trait("Seed", "003 5")]
    public async Task Queries_beyond_a_requestors_rate_are_dropped_and_counted()
    {
        var slow = new Requestor(new Ipv6Prefix(new Ipv6Address(1), 128)) { QueriesPerSecond = 5 };
        await using var kit = new LeasequeryKit(new LeasequeryConfiguration { Requestors = [slow] });
        Enumerable.Range(0, 12).Count(_ => kit.Ask(LeasequeryKit.Query()) is not null).ShouldBe(5);
        kit.Service.Counters[LeasequeryCount.RateLimited].ShouldBe(7);
        kit.Time.Advance(TimeSpan.FromSeconds(1));
        kit.Ask(LeasequeryKit.Query()).ShouldNotBeNull();
    }

    private static byte[] Continue(byte[] cookie, byte link = 0) => LeasequeryKit.Query(change: o =>
    {
        o.Add((OptionCode.ServerId, LeasequeryKit.ServerDuid));
        o.Add(((OptionCode)65002, cookie));
        if (link != 0)
            o[1] = (OptionCode.LqQuery, [(byte)QueryType.ByLinkAddress, 0x20, 1, 0x0d, 0xb8, 0, link, .. new byte[10]]);
    });

    private static Answer Read(byte[]? reply)
    {
        Dhcp6Message.TryRead(reply.ShouldNotBeNull(), 0, out var message, out _).ShouldBeTrue();
        message.Options.Contains(OptionCode.ServerId).ShouldBeTrue();
        return Answer.Of(message);
    }
}
