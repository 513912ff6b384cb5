using Lease.Protocol.Dhcp6;
using static Lease.Protocol.Tests.Wire;

namespace Lease.Protocol.Tests;

[Trait("RFC", "8415 section 16")]
public sealed class MessageValidationTests
{
    private static readonly byte[] Other = Convert.FromHexString("000300010200000000ff");

    private static (OptionCode Code, byte[] Data) Client => (OptionCode.ClientId, ClientDuid);

    private static (OptionCode Code, byte[] Data) Server => (OptionCode.ServerId, ServerDuid);

    private static (OptionCode Code, byte[] Data) OtherServer => (OptionCode.ServerId, Other);

    [Theory]
    [InlineData(MessageType.Solicit)]
    [InlineData(MessageType.Confirm)]
    [InlineData(MessageType.Rebind)]
    public void Message_to_all_servers_needs_ClientId_and_no_ServerId(MessageType type)
    {
        Judge(type, Client).ShouldBe(Validity.Valid);
        Judge(type).ShouldBe(Validity.NoClientId);
        Judge(type, Client, Server).ShouldBe(Validity.UnexpectedServerId);
        Judge(type, Client, Client).ShouldBe(Validity.DuplicateId);
    }

    [Theory]
    [InlineData(MessageType.Request)]
    [InlineData(MessageType.Renew)]
    [InlineData(MessageType.Decline)]
    [InlineData(MessageType.Release)]
    public void Message_to_one_server_needs_ClientId_and_its_ServerId(MessageType type)
    {
        Judge(type, Client, Server).ShouldBe(Validity.Valid);
        Judge(type, Server).ShouldBe(Validity.NoClientId);
        Judge(type, Client).ShouldBe(Validity.NoServerId);
        Judge(type, Client, OtherServer).ShouldBe(Validity.OtherServer);
        Judge(type, Client, Server, Server).ShouldBe(Validity.DuplicateId);
    }

    [Theory]
    [InlineData(OptionCode.IaNa, 12)]
    [InlineData(OptionCode.IaTa, 4)]
    [InlineData(OptionCode.IaPd, 12)]
    public void InformationRequest_has_no_identity_association(OptionCode code, int size)
        => Judge(MessageType.InformationRequest, Client, (code, new byte[size])).ShouldBe(Validity.UnexpectedIa);

    [Fact]
    public void InformationRequest_may_lack_both_identifiers()
    {
        Judge(MessageType.InformationRequest).ShouldBe(Validity.Valid);
        Judge(MessageType.InformationRequest, Server).ShouldBe(Validity.Valid);
        Judge(MessageType.InformationRequest, OtherServer).ShouldBe(Validity.OtherServer);
    }

    [Theory]
    [InlineData(MessageType.Advertise)]
    [InlineData(MessageType.Reply)]
    [InlineData(MessageType.Reconfigure)]
    [InlineData(MessageType.RelayReply)]
    [InlineData((MessageType)200)]
    public void Message_that_servers_do_not_take_is_not_for_servers(MessageType type) => Judge(type, Client, Server).ShouldBe(Validity.NotForServers);

    [Fact]
    [Trait("RFC", "5007 section 4.2.1")]
    public void LeaseQuery_needs_ClientId_and_query_and_no_other_server()
    {
        var query = (OptionCode.LqQuery, new byte[17]);
        JudgeQuery(MessageType.LeaseQuery, Client, query).ShouldBe(Validity.Valid);
        JudgeQuery(MessageType.LeaseQuery, Client, Server, query).ShouldBe(Validity.Valid);
        JudgeQuery(MessageType.LeaseQuery, query).ShouldBe(Validity.NoClientId);
        JudgeQuery(MessageType.LeaseQuery, Client).ShouldBe(Validity.NoQuery);
        JudgeQuery(MessageType.LeaseQuery, Client, OtherServer, query).ShouldBe(Validity.OtherServer);
        JudgeQuery(MessageType.ActiveLeaseQuery).ShouldBe(Validity.Valid);
        JudgeQuery(MessageType.ActiveLeaseQuery, OtherServer).ShouldBe(Validity.OtherServer);
        JudgeQuery(MessageType.Solicit, Client).ShouldBe(Validity.NotForServers);
    }

    [Theory]
    [InlineData(MessageType.Advertise)]
    [InlineData(MessageType.Reply)]
    public void Answer_needs_ServerId_and_the_client_s_ClientId(MessageType type)
    {
        JudgeAnswer(type, ClientDuid, Client, Server).ShouldBe(Validity.Valid);
        JudgeAnswer(type, ClientDuid, Client).ShouldBe(Validity.NoServerId);
        JudgeAnswer(type, ClientDuid, Server).ShouldBe(Validity.NoClientId);
        JudgeAnswer(type, Other, Client, Server).ShouldBe(Validity.OtherClient);
        JudgeAnswer(type, [], Server).ShouldBe(Validity.Valid);
        JudgeAnswer(type, [], Client, Server).ShouldBe(Validity.OtherClient);
    }

    [Fact]
    public void Reconfigure_needs_authentication_and_a_message_to_send()
    {
        var auth = (OptionCode.Authentication, new byte[11]);
        JudgeAnswer(MessageType.Reconfigure, ClientDuid, Client, Server, auth, (OptionCode.ReconfigureMessage, [5])).ShouldBe(Validity.Valid);
        JudgeAnswer(MessageType.Reconfigure, ClientDuid, Client, Server, (OptionCode.ReconfigureMessage, [5])).ShouldBe(Validity.NoAuthentication);
        JudgeAnswer(MessageType.Reconfigure, ClientDuid, Client, Server, auth).ShouldBe(Validity.NoReconfigureMessage);
        JudgeAnswer(MessageType.Reconfigure, ClientDuid, Client, Server, auth, (OptionCode.ReconfigureMessage, [1])).ShouldBe(Validity.NoReconfigureMessage);
        JudgeAnswer(MessageType.Solicit, ClientDuid, Client, Server).ShouldBe(Validity.NotForClients);
    }

    private static Validity Judge(MessageType type, params (OptionCode Code, byte[] Data)[] options)
        => MessageValidation.Check(Dhcp6Message.FromChecked(Message(type, options)), ServerDuid);

    private static Validity JudgeQuery(MessageType type, params (OptionCode Code, byte[] Data)[] options)
        => MessageValidation.CheckLeaseQuery(Dhcp6Message.FromChecked(Message(type, options)), ServerDuid);

    private static Validity JudgeAnswer(MessageType type, byte[] client, params (OptionCode Code, byte[] Data)[] options)
        => MessageValidation.CheckFromServer(Dhcp6Message.FromChecked(Message(type, options)), client);
}
