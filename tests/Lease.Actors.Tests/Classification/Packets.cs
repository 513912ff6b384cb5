using Lease.Actors.Classification;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Tests.Classification;

/// <summary>Packets for expressions, and what comes of them.</summary>
internal static class Packets
{
    public static readonly Ipv6Address Source = new((UInt128)0x2001_0db8 << 96 | 7);
    public static readonly Ipv6Address OuterLink = new((UInt128)0x2001_0db8 << 96 | 0x100);
    public static readonly Ipv6Address InnerLink = new((UInt128)0x2001_0db8 << 96 | 0x200);
    public static readonly Ipv6Address Peer = new((UInt128)0xfe80 << 112 | 9);

    /// <summary>A SOLICIT that has one of everything, through two relays.</summary>
    public static byte[] Relayed()
    {
        var writer = new Dhcp6Writer(new byte[1000]);
        writer.RelayHeader(MessageType.RelayForward, 1, OuterLink, Peer);
        writer.Option(OptionCode.InterfaceId, "outer"u8);
        var outer = writer.BeginOption(OptionCode.RelayMessage);
        writer.RelayHeader(MessageType.RelayForward, 0, InnerLink, Peer);
        writer.Option(OptionCode.InterfaceId, "inner"u8);
        var inner = writer.BeginOption(OptionCode.RelayMessage);
        writer.MessageHeader(MessageType.Solicit, 0x123456);
        writer.Option(OptionCode.ClientId, [0, 3, 0, 1, 2, 0, 0, 0, 0, 1]);
        writer.Option(OptionCode.UserClass, [0, 3, .. "abc"u8]);
        writer.Option(OptionCode.VendorClass, [0, 0, 0x11, 0x8b, 0, 3, .. "one"u8, 0, 3, .. "two"u8]);
        writer.Option(OptionCode.VendorOptions, [0, 0, 0, 9, 0, 1, 0, 1, 5]);
        writer.Option(OptionCode.VendorOptions, [0, 0, 0x11, 0x8b, 0, 2, 0, 2, 6, 7]);
        writer.Option(OptionCode.RapidCommit, []);
        writer.Option(OptionCode.IaNa, [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 0, 2, 0, 0]);
        writer.Option((OptionCode)9999, "Text.with.dots"u8);
        writer.EndOption(inner);
        writer.EndOption(outer);
        return writer.Written.ToArray();
    }

    /// <summary>A DISCOVER within a DHCPV4-QUERY.</summary>
    public static byte[] Query()
    {
        var buffer = new byte[1000];
        var message = new Dhcp4Writer(buffer);
        message.Header(new Dhcp4Header
        {
            Operation = BootpOperation.Request,
            HardwareType = 1,
            HardwareAddress = [2, 0, 0, 0, 0, 1],
            TransactionId = 0x01020304,
            ClientAddress = new Ipv4Address(0xc0000201),
            RelayAddress = new Ipv4Address(0xc0000202),
            NextServer = new Ipv4Address(0xc0000203),
        });
        message.MessageType(Dhcp4MessageType.Discover);
        message.Option(Dhcp4OptionCode.VendorClass, "set-top"u8);
        message.Option(Dhcp4OptionCode.RelayAgentInformation, [1, 4, .. "port"u8, 2, 1, 9]);
        message.Option(Dhcp4OptionCode.VendorIdentifyingInformation, [0, 0, 0, 9, 3, 1, 1, 5, 0, 0, 0x11, 0x8b, 4, 2, 2, 6, 7]);
        message.Option(Dhcp4OptionCode.VendorIdentifyingClass, [0, 0, 0x11, 0x8b, 3, .. "one"u8]);
        message.Option(Dhcp4OptionCode.UserClass, new byte[200]);
        message.Option(Dhcp4OptionCode.UserClass, new byte[100]);
        message.End();
        var writer = new Dhcp6Writer(new byte[1500]);
        writer.MessageHeader(MessageType.Dhcpv4Query, 0);
        writer.Option(OptionCode.Dhcpv4Message, buffer.AsSpan(0, message.Length));
        return writer.Written.ToArray();
    }

    public static bool Holds(string test, params string[] classes) => Holds(test, Relayed(), isIpv4: false, classes);

    public static bool Holds4(string test) => Holds(test, Query(), isIpv4: true);

    public static bool Holds(string test, byte[] packet, bool isIpv4, params string[] classes)
    {
        var condition = ExpressionParser.ParseTest(test, Scope(isIpv4));
        RelayChain.TryUnwrap(packet, out var chain, out _).ShouldBeTrue();
        var message = chain.Message(packet);
        Dhcp6Message.TryRead(message, chain.MessageStart, out var checkedMessage, out _).ShouldBeTrue();
        var ipv4 = default(ReadOnlySpan<byte>);
        if (isIpv4)
        {
            checkedMessage.Options.TryGet(OptionCode.Dhcpv4Message, out ipv4).ShouldBeTrue();
            Dhcp4Message.TryRead(ipv4, 0, out _, out _).ShouldBeTrue();
        }

        var assigned = new AssignedClasses();
        foreach (var name in classes)
            assigned.Add(new ClientClass(name));
        var evaluation = new Evaluation(new PacketView(packet, chain, "eth7", Source, ipv4), assigned, stackalloc byte[64]);
        return condition.IsTrue(ref evaluation) && !evaluation.HasFailed;
    }

    public static ExpressionScope Scope(bool isIpv4) => new(
        isIpv4,
        static name => name switch { "user-class" => 15, "text" => 9999, _ => null },
        static name => name.StartsWith("unknown-", StringComparison.Ordinal) ? null : new ClientClass(name));
}
