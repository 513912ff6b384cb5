using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Protocol.Dhcp4;
using static Lease.Actors.Tests.Dhcp4.EngineScenarios;

namespace Lease.Actors.Tests.Dhcp4;

/// <summary>BOOTP clients (RFC 951, RFC 1534), who keep what they get for good.</summary>
public sealed class BootpScenarios : Dhcp4TestKit
{
    private static readonly Dhcp4Request Client = new() { Type = Dhcp4MessageType.Bootp, ClientId = null };

    [Fact]
    public void BOOTREQUEST_without_a_type_is_dropped_unless_BOOTP_is_served()
    {
        Serve(LinkOf("home", Subnet()));
        Send(Client);
        Sent.ShouldBeEmpty();
        Journal.Decided.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.BootpOff).ShouldBe(1);
    }

    [Fact]
    public void BOOTREQUEST_without_a_type_gets_an_address_for_good()
    {
        ServesBootp = true;
        Serve(LinkOf("home", Subnet()));
        Send(Client);
        var reply = Sent.ShouldHaveSingleItem();
        reply.Type.ShouldBe(Dhcp4MessageType.Bootp);
        reply.Message.Operation.ShouldBe(BootpOperation.Reply);
        reply.YourAddress.IsUnspecified.ShouldBeFalse();
        reply.Option(Dhcp4OptionCode.ServerId).ShouldBeNull();
        Journal.Decided.ShouldHaveSingleItem().Row!.ExpiresAt.ShouldBe(long.MaxValue);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_message_without_the_magic_cookie_takes_no_address(bool servesBootp)
    {
        ServesBootp = servesBootp;
        Serve(LinkOf("home", Subnet()));
        foreach (var size in (int[])[236, 239, 240, 300])
        {
            for (byte client = 1; client <= 64; client++)
            {
                var message = new byte[size];
                (Client with { HardwareAddress = [2, 0, 0, 0, 0, client] }).ToOctets().AsSpan(0, 236).CopyTo(message);
                SendMessage(message, []);
            }
        }

        Sent.ShouldBeEmpty();
        Journal.Decided.ShouldBeEmpty();
        Counters.Dropped(Dhcp4Drop.NoCookie).ShouldBe(4 * 64);
    }

    [Fact]
    public void BOOTP_clients_are_in_class_BOOTP_and_others_are_not()
    {
        ServesBootp = true;
        var bootp = new ClientClass(ClientClass.Bootp);
        var pool = new AddressPool { Range = PoolOf("192.0.2.10", 9).Range, Options = OptionSet.Empty, Guard = new ClassGuard([bootp]) };
        Serve(new Classifier([bootp]), OptionSet.Empty, LinkOf("home", Subnet(pools: [pool])));
        Send(Client with { Type = Dhcp4MessageType.Discover });
        Sent.ShouldBeEmpty();
        Send(Client);
        Sent.ShouldHaveSingleItem().Type.ShouldBe(Dhcp4MessageType.Bootp);
    }
}
