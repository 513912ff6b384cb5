using FsCheck.Fluent;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;
using static Lease.Protocol.Tests.Wire;

namespace Lease.Protocol.Tests;

public sealed class OptionRoundTripTests
{
    [Fact]
    public void IaAddress_reads_as_written() => ForAll(Triples(Addresses, Numbers, Numbers), sample =>
    {
        var (address, preferred, valid) = sample;
        IaAddressOption.TryRead(Option((ref writer) => IaAddressOption.Write(ref writer, address, preferred, valid)), out var read).ShouldBeTrue();
        (read.Address, read.Preferred, read.Valid, read.Options.Octets.Length).ShouldBe((address, preferred, valid, 0));
    });

    [Fact]
    public void IaPrefix_reads_as_written() => ForAll(Triples(Prefixes, Numbers, Numbers), sample =>
    {
        var (prefix, preferred, valid) = sample;
        var option = Option((ref writer) => writer.EndOption(IaPrefixOption.Begin(ref writer, prefix, preferred, valid)));
        IaPrefixOption.TryRead(option, out var read).ShouldBeTrue();
        (read.Prefix, read.Preferred, read.Valid).ShouldBe((prefix, preferred, valid));
    });

    [Theory]
    [InlineData(OptionCode.IaNa)]
    [InlineData(OptionCode.IaTa)]
    [InlineData(OptionCode.IaPd)]
    public void Identity_association_reads_as_written(OptionCode code) => ForAll(Triples(Numbers, Numbers, Numbers), sample =>
    {
        var (iaid, t1, t2) = sample;
        var option = Option((ref writer) =>
        {
            var mark = IaOption.Begin(ref writer, code, iaid, t1, t2);
            StatusCodeOption.Write(ref writer, StatusCode.NoBinding, "gone"u8);
            writer.EndOption(mark);
        });
        IaOption.TryRead(option, out var read).ShouldBeTrue();
        (read.Code, read.Iaid).ShouldBe((code, iaid));
        (read.T1, read.T2).ShouldBe(code == OptionCode.IaTa ? (0u, 0u) : (t1, t2));
        StatusCodeOption.CodeIn(read.Options).ShouldBe(StatusCode.NoBinding);
    });

    [Fact]
    public void StatusCode_reads_as_written() => ForAll(Pairs(Numbers, Octets), sample =>
    {
        var code = (StatusCode)(ushort)sample.Item1;
        StatusCodeOption.TryRead(Option((ref writer) => StatusCodeOption.Write(ref writer, code, sample.Item2)), out var read).ShouldBeTrue();
        read.Code.ShouldBe(code);
        read.Message.ToArray().ShouldBe(sample.Item2);
    });

    [Fact]
    public void OptionRequest_reads_as_written() => ForAll(Octets, sample =>
    {
        var codes = sample.Select(octet => (OptionCode)(octet * 257)).ToArray();
        var read = new OptionRequestOption(Option((ref writer) => OptionRequestOption.Write(ref writer, codes)).Data);
        read.Count.ShouldBe(codes.Length);
        for (var i = 0; i < codes.Length; i++)
        {
            read[i].ShouldBe(codes[i]);
            read.Contains(codes[i]).ShouldBeTrue();
        }
    });

    [Fact]
    public void RemoteId_reads_as_written() => ForAll(Pairs(Numbers, Octets), sample =>
    {
        RemoteIdOption.TryRead(Option((ref writer) => RemoteIdOption.Write(ref writer, sample.Item1, sample.Item2)), out var read).ShouldBeTrue();
        read.Enterprise.ShouldBe(sample.Item1);
        read.RemoteId.ToArray().ShouldBe(sample.Item2);
    });

    [Fact]
    public void ClientLinkLayerAddress_reads_as_written() => ForAll(Octets, sample =>
    {
        var option = Option((ref writer) => ClientLinkLayerAddressOption.Write(ref writer, 1, sample));
        ClientLinkLayerAddressOption.TryRead(option, out var read).ShouldBeTrue();
        read.HardwareType.ShouldBe((ushort)1);
        read.Address.ToArray().ShouldBe(sample);
    });

    [Fact]
    public void ClientFqdn_reads_as_written() => ForAll(Octets, sample =>
    {
        var option = Option((ref writer) => ClientFqdnOption.Write(ref writer, FqdnFlags.ServerUpdates | FqdnFlags.Override, sample));
        ClientFqdnOption.TryRead(option, out var read).ShouldBeTrue();
        read.Flags.ShouldBe(FqdnFlags.ServerUpdates | FqdnFlags.Override);
        read.Name.ToArray().ShouldBe(sample);
    });

    [Fact]
    public void Auth_reads_as_written() => ForAll(Triples(Numbers, Numbers, Octets), sample =>
    {
        var (high, low, information) = sample;
        var replay = ((ulong)high << 32) | low;
        AuthOption.TryRead(Option((ref writer) => AuthOption.Write(ref writer, 3, 1, 0, replay, information)), out var read).ShouldBeTrue();
        (read.Protocol, read.Algorithm, read.ReplayMethod, read.ReplayDetection).ShouldBe(((byte)3, (byte)1, (byte)0, replay));
        read.Information.ToArray().ShouldBe(information);
    });

    [Fact]
    public void LqQuery_reads_as_written() => ForAll(Pairs(Addresses, Numbers), sample =>
    {
        var (link, type) = sample;
        var option = Option((ref writer) =>
        {
            var mark = LqQueryOption.Begin(ref writer, (QueryType)(byte)type, link);
            writer.Option(OptionCode.ClientId, ClientDuid);
            writer.EndOption(mark);
        });
        LqQueryOption.TryRead(option, out var read).ShouldBeTrue();
        (read.Type, read.LinkAddress, read.Options.Contains(OptionCode.ClientId)).ShouldBe(((QueryType)(byte)type, link, true));
    });

    [Fact]
    public void ClientData_reads_as_written() => ForAll(Numbers, seconds =>
    {
        var option = Option((ref writer) =>
        {
            var mark = ClientDataOption.Begin(ref writer);
            writer.Option(OptionCode.ClientId, ClientDuid);
            writer.OptionU32(OptionCode.CltTime, seconds);
            writer.EndOption(mark);
        });
        ClientDataOption.TryRead(option, out var read).ShouldBeTrue();
        read.SinceLastTransaction.ShouldBe(seconds);
        read.ClientId.ToArray().ShouldBe(ClientDuid);
    });

    [Fact]
    public void LqRelayData_reads_as_written() => ForAll(Pairs(Addresses, Octets), sample =>
    {
        var (peer, message) = sample;
        LqRelayDataOption.TryRead(Option((ref writer) => LqRelayDataOption.Write(ref writer, peer, message)), out var read).ShouldBeTrue();
        read.PeerAddress.ShouldBe(peer);
        read.RelayMessage.ToArray().ShouldBe(message);
    });

    [Fact]
    public void Elements_read_as_written() => ForAll(Pairs(Octets, Octets), sample =>
    {
        var option = Option((ref writer) =>
        {
            var mark = VendorClassOption.Begin(ref writer, 4491);
            ElementList.WriteElement(ref writer, sample.Item1);
            ElementList.WriteElement(ref writer, sample.Item2);
            writer.EndOption(mark);
        });
        VendorClassOption.TryRead(option, out var read).ShouldBeTrue();
        read.Enterprise.ShouldBe(4491u);
        var elements = new List<byte[]>();
        foreach (var element in read.Classes)
            elements.Add(element.ToArray());
        elements.Count.ShouldBe(2);
        elements[0].ShouldBe(sample.Item1);
        elements[1].ShouldBe(sample.Item2);
        read.Classes.Contains(sample.Item2).ShouldBeTrue();
    });

    [Fact]
    public void VendorOpts_reads_as_written() => ForAll(Pairs(Numbers, Octets), sample =>
    {
        var option = Option((ref writer) =>
        {
            var mark = VendorOptsOption.Begin(ref writer, sample.Item1);
            writer.Option((OptionCode)1, sample.Item2);
            writer.EndOption(mark);
        });
        VendorOptsOption.TryRead(option, out var read).ShouldBeTrue();
        read.Enterprise.ShouldBe(sample.Item1);
        read.Options.TryGet((OptionCode)1, out var data).ShouldBeTrue();
        data.ToArray().ShouldBe(sample.Item2);
    });

    [Fact]
    public void Short_prefix_reads_as_written() => ForAll(Prefixes, prefix =>
    {
        var option = Option((ref writer) => ShortPrefix.WriteOption(ref writer, OptionCode.S46Dmr, prefix));
        ShortPrefix.TryRead(option.Data, out var read, out var taken).ShouldBeTrue();
        read.ShouldBe(prefix);
        taken.ShouldBe(option.Data.Length);
    });

    [Fact]
    public void S46Rule_reads_as_written() => ForAll(Pairs(Prefixes, Numbers), sample =>
    {
        var option = Option((ref writer) =>
        {
            var mark = S46RuleOption.Begin(ref writer, 1, 16, new(sample.Item2), 24, sample.Item1);
            new S46PortParametersOption(6, 8, 0x3400).Write(ref writer);
            writer.EndOption(mark);
        });
        S46RuleOption.TryRead(option, out var read).ShouldBeTrue();
        (read.IsForwarding, read.EaLength, read.Prefix4, read.Prefix4Length, read.Prefix6)
            .ShouldBe((true, (byte)16, new Ipv4Address(sample.Item2), (byte)24, sample.Item1));
        read.Options.Contains(OptionCode.S46PortParameters).ShouldBeTrue();
    });

    [Fact]
    public void S46V4V6Bind_reads_as_written() => ForAll(Pairs(Prefixes, Numbers), sample =>
    {
        var option = Option((ref writer) => writer.EndOption(S46V4V6BindOption.Begin(ref writer, new(sample.Item2), sample.Item1)));
        S46V4V6BindOption.TryRead(option, out var read).ShouldBeTrue();
        (read.Address, read.Prefix).ShouldBe((new Ipv4Address(sample.Item2), sample.Item1));
    });

    [Fact]
    public void PdExclude_reads_as_written()
    {
        var samples = (from delegated in Prefixes.Generator
                       where delegated.Length < 128
                       from address in Addresses.Generator
                       from length in Gen.Choose(delegated.Length + 1, 128)
                       let within = new Ipv6Address(delegated.First.Value | (address.Value & ~delegated.Mask))
                       select (delegated, excluded: new Ipv6Prefix(within, (byte)length).Network)).ToArbitrary();
        ForAll(samples, sample =>
        {
            var option = Option((ref writer) => PdExcludeOption.Write(ref writer, sample.excluded, sample.delegated.Length));
            PdExcludeOption.TryRead(option.Data, sample.delegated, out var read).ShouldBeTrue();
            read.ShouldBe(sample.excluded);
        });
    }

    [Fact]
    public void Message_reads_as_written() => ForAll(Triples(Numbers, Numbers, Octets), sample =>
    {
        var (type, transaction, data) = sample;
        var octets = Written((ref writer) =>
        {
            writer.MessageHeader((MessageType)(byte)type, transaction);
            writer.Option((OptionCode)4711, data);
        });
        Dhcp6Message.TryRead(octets, 0, out var message, out _).ShouldBeTrue();
        (message.Type, message.TransactionId).ShouldBe(((MessageType)(byte)type, transaction & 0xffffff));
        message.Options.TryGet((OptionCode)4711, out var read).ShouldBeTrue();
        read.ToArray().ShouldBe(data);
    });

    [Fact]
    public void Every_reader_refuses_an_option_of_another_code_or_without_its_fixed_part()
    {
        foreach (var code in Enum.GetValues<OptionCode>())
        {
            for (var length = 0; length < 32; length++)
                ReadAll(new Option(code, new byte[length]), code);
        }
    }

    private static void ReadAll(Option option, OptionCode code)
    {
        var length = option.Data.Length;
        IaOption.TryRead(option, out _).ShouldBe(IaOption.Is(code) && length >= (code == OptionCode.IaTa ? 4 : 12));
        IaAddressOption.TryRead(option, out _).ShouldBe(code == OptionCode.IaAddress && length >= 24);
        IaPrefixOption.TryRead(option, out _).ShouldBe(code == OptionCode.IaPrefix && length >= 25);
        StatusCodeOption.TryRead(option, out _).ShouldBe(code == OptionCode.StatusCode && length >= 2);
        AuthOption.TryRead(option, out _).ShouldBe(code == OptionCode.Authentication && length >= 11);
        VendorClassOption.TryRead(option, out _).ShouldBe(code == OptionCode.VendorClass && length >= 4);
        VendorOptsOption.TryRead(option, out _).ShouldBe(code == OptionCode.VendorOptions && length >= 4);
        UserClassOption.TryRead(option, out _).ShouldBe(code == OptionCode.UserClass);
        RemoteIdOption.TryRead(option, out _).ShouldBe(code == OptionCode.RemoteId && length >= 4);
        ClientFqdnOption.TryRead(option, out _).ShouldBe(code == OptionCode.ClientFqdn && length >= 1);
        ClientLinkLayerAddressOption.TryRead(option, out _).ShouldBe(code == OptionCode.ClientLinkLayerAddress && length >= 2);
        LqQueryOption.TryRead(option, out _).ShouldBe(code == OptionCode.LqQuery && length >= 17);
        ClientDataOption.TryRead(option, out _).ShouldBe(code == OptionCode.ClientData);
        LqRelayDataOption.TryRead(option, out _).ShouldBe(code == OptionCode.LqRelayData && length >= 16);
        S46RuleOption.TryRead(option, out _).ShouldBe(code == OptionCode.S46Rule && length >= 8);
        S46V4V6BindOption.TryRead(option, out _).ShouldBe(code == OptionCode.S46V4V6Bind && length >= 5);
        S46PortParametersOption.TryRead(option, out _).ShouldBe(code == OptionCode.S46PortParameters && length == 4);
    }
}
