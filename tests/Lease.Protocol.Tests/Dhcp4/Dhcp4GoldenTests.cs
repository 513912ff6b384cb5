using Lease.Protocol.Dhcp4;

namespace Lease.Protocol.Tests.Dhcp4;

/// <summary>The messages of tests/golden/dhcp4.</summary>
public sealed class Dhcp4GoldenTests
{
    public static TheoryData<string> All => [.. Golden.Dhcp4Names];

    public static TheoryData<string> WellFormed => [.. Golden.Dhcp4Names.Where(static name => !Golden.IsMalformed(name))];

    public static TheoryData<string> Malformed => [.. Golden.Dhcp4Names.Where(Golden.IsMalformed)];

    [Theory]
    [MemberData(nameof(All))]
    public void Dump_is_as_expected(string name)
    {
        var dump = Dhcp4Dump.Describe(Golden.Packet(name));
        if (Environment.GetEnvironmentVariable("LEASE_GOLDEN_WRITE") == "1")
            File.WriteAllText(Golden.DumpPath(name), dump);
        dump.ShouldBe(File.ReadAllText(Golden.DumpPath(name)));
    }

    [Theory]
    [MemberData(nameof(WellFormed))]
    public void A_well_formed_message_is_accepted_and_written_again_says_the_same(string name)
    {
        Dhcp4Message.TryRead(Golden.Packet(name), 0, out var message, out var defect).ShouldBeTrue(defect.ToString());
        if (message.Type == Dhcp4MessageType.Bootp && !message.Options.Contains(Dhcp4OptionCode.HostName))
            return;
        var again = Rewrite(message);
        Dhcp4Message.TryRead(again, 0, out var read, out defect).ShouldBeTrue(defect.ToString());
        Text(read).ShouldBe(Text(message));
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_message_is_refused_with_its_place(string name)
    {
        var packet = Golden.Packet(name);
        Dhcp4Message.TryRead(packet, 1000, out _, out var defect).ShouldBeFalse();
        defect.IsDefect.ShouldBeTrue();
        defect.Offset.ShouldBeInRange(1000, 1000 + packet.Length);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_message_cut_anywhere_is_read_or_refused_without_an_exception(string name)
    {
        var packet = Golden.Packet(name);
        for (var length = 0; length < packet.Length; length++)
            Dhcp4Dump.Describe(packet.AsSpan(0, length)).ShouldNotBeEmpty();
    }

    [Fact]
    public void Every_message_type_has_a_message()
    {
        var there = WellFormed.Select(static row => Dhcp4Message.FromChecked(Golden.Packet(row.Data)).Type).ToHashSet();
        there.ShouldBe(Enum.GetValues<Dhcp4MessageType>(), ignoreOrder: true);
    }

    [Fact]
    public void Overloaded_fields_are_read_after_the_options_and_are_no_names()
    {
        Dhcp4Message.TryRead(Golden.Packet("dhcp4/ack-overloaded"), 0, out var message, out _).ShouldBeTrue();
        message.Options.TryGetAddress(Dhcp4OptionCode.Routers, out var router).ShouldBeTrue();
        router.ToString().ShouldBe("192.0.2.1");
        message.Options.Contains(Dhcp4OptionCode.DomainName).ShouldBeTrue();
        message.ServerName.IsEmpty.ShouldBeTrue();
        message.BootFile.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void The_parts_of_a_long_option_are_put_together()
    {
        Dhcp4Message.TryRead(Golden.Packet("dhcp4/ack-long-option"), 0, out var message, out _).ShouldBeTrue();
        Span<byte> buffer = stackalloc byte[600];
        message.Options.TryGetWhole(Dhcp4OptionCode.VendorInformation, buffer, out var whole).ShouldBeTrue();
        whole.ToArray().ShouldBe([.. Enumerable.Range(0, 512).Select(static i => (byte)i)]);
        message.Options.TryGetWhole(Dhcp4OptionCode.VendorInformation, buffer[..500], out _).ShouldBeFalse();
        message.Options.TryGetWhole(Dhcp4OptionCode.HostName, buffer, out _).ShouldBeFalse();
        message.Options.TryGetWhole(Dhcp4OptionCode.ServerId, default, out var server).ShouldBeTrue();
        server.Length.ShouldBe(4);
    }

    internal static byte[] Rewrite(Dhcp4Message message)
    {
        var writer = new Dhcp4Writer(new byte[4096]);
        writer.Header(new Dhcp4Header
        {
            Operation = message.Operation,
            HardwareType = message.HardwareType,
            HardwareAddress = message.HardwareAddress,
            TransactionId = message.TransactionId,
            Seconds = message.Seconds,
            Flags = message.Flags,
            ClientAddress = message.ClientAddress,
            YourAddress = message.YourAddress,
            NextServer = message.NextServer,
            RelayAddress = message.RelayAddress,
            ServerName = message.ServerName,
            BootFile = message.BootFile,
        });
        foreach (var option in message.Options)
        {
            if (option.Code != Dhcp4OptionCode.Overload)
                writer.Option(option.Code, option.Data);
        }

        writer.End();
        writer.Overflowed.ShouldBeFalse();
        return writer.Written.ToArray();
    }

    // Without the overloading, which writing undoes.
    private static string Text(Dhcp4Message message)
        => string.Join('\n', Dhcp4Dump.Describe(message.Octets).Split('\n').Where(static line => !line.StartsWith("dhcp-option-overload", StringComparison.Ordinal)));
}
