using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Dhcp6;

/// <summary>Clients that send to the server's address without having been told to (RFC 8415 sections 16 and 18.3).</summary>
public sealed class UnicastScenarios : Dhcp6TestKit
{
    [Theory]
    [InlineData(MessageType.Request)]
    [InlineData(MessageType.Renew)]
    [InlineData(MessageType.Release)]
    [InlineData(MessageType.Decline)]
    public void What_must_be_multicast_is_refused_with_UseMulticast_and_changes_nothing(MessageType type)
    {
        var address = Bind(MessageType.Renew);
        var decided = Journal.Decided.Count;
        Send(type, address, multicast: false);
        var refusal = Replies.ShouldHaveSingleItem();
        (refusal.Type, refusal.Status, refusal.Address).ShouldBe((MessageType.Reply, StatusCode.UseMulticast, null));
        Journal.Decided.Count.ShouldBe(decided);
    }

    [Theory]
    [InlineData(MessageType.Solicit)]
    [InlineData(MessageType.Rebind)]
    public void What_has_no_such_answer_is_dropped_and_counted(MessageType type)
    {
        var address = Bind(MessageType.Renew);
        Send(type, address, multicast: false);
        Replies.ShouldBeEmpty();
        Counters.Dropped(Dhcp6Drop.UnicastNotAllowed).ShouldBe(1);
    }

    [Fact]
    public void The_loopback_is_no_link_and_may_be_unicast()
    {
        var address = Bind(MessageType.Renew);
        Send(MessageType.Renew, address, multicast: false, source: 1);
        Replies.ShouldHaveSingleItem().Status.ShouldBe(StatusCode.Success);
    }
}

/// <summary>A subnet whose clients are given the server's address by the UNICAST option (RFC 8415 section 21.12).</summary>
public sealed class UnicastOptionScenarios() : Dhcp6TestKit(new OptionSet([new ConfiguredOption((ushort)OptionCode.Unicast, null, new byte[16], AlwaysSend: false, NeverSend: false)]))
{
    [Theory]
    [InlineData(MessageType.Request)]
    [InlineData(MessageType.Renew)]
    [InlineData(MessageType.Release)]
    [InlineData(MessageType.Decline)]
    public void Its_clients_may_unicast(MessageType type)
    {
        var address = Bind(MessageType.Renew);
        Send(type, address, multicast: false);
        Replies.ShouldHaveSingleItem().Status.ShouldBe(StatusCode.Success);
    }
}
