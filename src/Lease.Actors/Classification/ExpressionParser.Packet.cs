namespace Lease.Actors.Classification;

/// <content>What stands in the packet: options, relays, fields, vendors.</content>
public sealed partial class ExpressionParser
{
    // Kea's bounds; no packet has more than 8 relays.
    private const int LeastNest = -32;
    private const int MostNest = 31;

    private Expression? ParsePacket(Token word) => word.Text switch
    {
        "option" => ParseOption(),
        "relay4" => ParseRelay4(word),
        "relay6" => ParseRelay6(),
        "pkt" => ParseField(("iface", PacketField.Interface), ("src", PacketField.Source), ("len", PacketField.Length)),
        "pkt6" => ParsePacket6(word),
        "pkt4" => ParsePacket4(word),
        "vendor" => ParseVendor(isClass: false),
        "vendor-class" => ParseVendor(isClass: true),
        _ => null,
    };

    private Expression ParseOption()
    {
        var option = new MessageOption(ParseCode(mayBeName: true));
        Expect(".");
        if (!Take(TokenKind.Word, "option"))
            return ParseForm(option, "option, ");
        var inner = new InnerOption(option, ParseCode(mayBeName: false));
        Expect(".");
        return ParseForm(inner);
    }

    private Expression ParseRelay4(Token word)
    {
        const ushort relayAgentInformation = 82;
        if (!scope.IsIpv4)
            throw new ExpressionException(word.Place, "relay4 is of DHCPv4 only");
        var option = new InnerOption(new MessageOption(relayAgentInformation), ParseCode(mayBeName: false));
        Expect(".");
        return ParseForm(option);
    }

    // Beyond Kea also in Dhcp4: the client's DHCPv6 relays may know its line.
    private Expression ParseRelay6()
    {
        Expect("[");
        var nest = (int)TakeNumber(LeastNest, MostNest);
        Expect("]");
        Expect(".");
        if (Take(TokenKind.Word, "linkaddr"))
            return new RelayAddress(nest, isPeer: false);
        if (Take(TokenKind.Word, "peeraddr"))
            return new RelayAddress(nest, isPeer: true);
        if (!Take(TokenKind.Word, "option"))
            throw Unexpected("option, linkaddr or peeraddr");
        var code = ParseCode(ushort.MaxValue);
        Expect(".");
        return ParseForm(new RelayOption(nest, code));
    }

    private FieldOf ParsePacket6(Token word) => scope.IsIpv4
        ? throw new ExpressionException(word.Place, "pkt6 is of DHCPv6 only")
        : ParseField(("msgtype", PacketField.MessageType), ("transid", PacketField.TransactionId));

    private FieldOf ParsePacket4(Token word) => !scope.IsIpv4
        ? throw new ExpressionException(word.Place, "pkt4 is of DHCPv4 only")
        : ParseField(
            ("mac", PacketField.HardwareAddress),
            ("hlen", PacketField.HardwareLength),
            ("htype", PacketField.HardwareType),
            ("ciaddr", PacketField.ClientAddress),
            ("giaddr", PacketField.RelayAddress),
            ("yiaddr", PacketField.YourAddress),
            ("siaddr", PacketField.ServerAddress),
            ("msgtype", PacketField.MessageType),
            ("transid", PacketField.TransactionId));

    private FieldOf ParseField(params (string Name, PacketField Field)[] fields)
    {
        Expect(".");
        foreach (var (name, field) in fields)
        {
            if (Take(TokenKind.Word, name))
                return new FieldOf(field);
        }

        throw Unexpected($"one of {string.Join(", ", fields.Select(static f => f.Name))}");
    }

    private Expression ParseVendor(bool isClass)
    {
        if (Take(TokenKind.Symbol, "."))
        {
            if (!Take(TokenKind.Word, "enterprise"))
                throw Unexpected("enterprise");
            return new Enterprise(new VendorData(isClass, VendorData.AnyEnterprise));
        }

        Expect("[");
        var enterprise = Take(TokenKind.Symbol, "*") ? VendorData.AnyEnterprise : (uint)TakeNumber(0, uint.MaxValue);
        Expect("]");
        Expect(".");
        var vendor = new VendorData(isClass, enterprise);
        if (Take(TokenKind.Word, "exists"))
            return new Exists(vendor);
        return isClass ? ParseVendorClassData(vendor) : ParseVendorOption(vendor);
    }

    private VendorClassData ParseVendorClassData(VendorData vendor)
    {
        if (!Take(TokenKind.Word, "data"))
            throw Unexpected("exists or data");
        if (!Take(TokenKind.Symbol, "["))
            return new VendorClassData(vendor, 0);
        var index = (int)TakeNumber(0, ushort.MaxValue);
        Expect("]");
        return new VendorClassData(vendor, index);
    }

    private Expression ParseVendorOption(VendorData vendor)
    {
        if (!Take(TokenKind.Word, "option"))
            throw Unexpected("exists or option");
        var option = new VendorOption(vendor, ParseCode(mayBeName: false));
        Expect(".");
        return ParseForm(option);
    }

    private Expression ParseForm(Source source, string others = "")
    {
        if (Take(TokenKind.Word, "exists"))
            return new Exists(source);
        if (Take(TokenKind.Word, "hex") || Take(TokenKind.Word, "text"))
            return new Content(source);
        throw Unexpected($"{others}exists, hex or text");
    }

    private ushort ParseCode(bool mayBeName)
    {
        if (!mayBeName || !Is(TokenKind.Symbol, "[") || tokens[next + 1].Kind != TokenKind.Word)
            return ParseCode(scope.MaxCode);
        Expect("[");
        var name = tokens[next++];
        Expect("]");
        return scope.FindOption(name.Text) ?? throw new ExpressionException(name.Place, $"{name.Text} is no option of {scope.Service}: give its code, or define it in option-def");
    }

    private ushort ParseCode(int most)
    {
        Expect("[");
        var code = (ushort)TakeNumber(0, most);
        Expect("]");
        return code;
    }
}
