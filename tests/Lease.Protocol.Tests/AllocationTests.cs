using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Protocol.Tests;

public sealed class AllocationTests
{
    [Theory]
    [InlineData("solicit-dhclient")]
    [InlineData("request-dhclient")]
    [InlineData("relay-forw-two-hops")]
    [InlineData("leasequery-reply-client-data")]
    [InlineData("reply-softwire")]
    public void Reading_and_answering_allocate_nothing(string name)
    {
        var packet = Golden.Packet(name);
        var buffer = new byte[1500];
        Answer(packet, buffer);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            Answer(packet, buffer);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    // The way of a packet through a server, with an IA_NA in the answer.
    private static int Answer(ReadOnlySpan<byte> packet, Span<byte> buffer)
    {
        if (!RelayChain.TryUnwrap(packet, out var chain, out _) || !Dhcp6Message.TryRead(chain.Message(packet), chain.MessageStart, out var message, out _))
            return 0;
        MessageValidation.Check(message, Wire.ServerDuid);
        var writer = new Dhcp6Writer(buffer);
        writer.MessageHeader(MessageType.Reply, message.TransactionId);
        foreach (var option in message.Options)
        {
            if (option.Code == OptionCode.ClientId)
                writer.Option(option.Code, option.Data);
            if (!IaOption.TryRead(option, out var ia))
                continue;
            var mark = IaOption.Begin(ref writer, ia.Code, ia.Iaid, 1000, 2000);
            IaAddressOption.Write(ref writer, new Ipv6Address(ia.Iaid), 3000, 4000);
            StatusCodeOption.Write(ref writer, StatusCode.Success, "granted"u8);
            writer.EndOption(mark);
        }

        return OptionRequestOption.In(message.Options).Contains(OptionCode.DnsServers) ? writer.Length : 0;
    }
}
