namespace Lease.Protocol.Dhcp6.Options;

/// <summary>CLIENT_DATA (RFC 5007 section 4.1.2.2): options that tell of one client on one link: CLIENTID, IAADDRs, IAPREFIXes, CLT_TIME and what was asked for.</summary>
public readonly ref struct ClientDataOption
{
    private ClientDataOption(ReadOnlySpan<byte> data) => Options = new(data);

    /// <summary>The client's options.</summary>
    public OptionList Options { get; }

    /// <summary>The client's DUID; empty where the server sent none.</summary>
    public ReadOnlySpan<byte> ClientId => Options.TryGet(OptionCode.ClientId, out var duid) ? duid : default;

    /// <summary>Seconds since the server's last exchange with the client (RFC 5007 section 4.1.2.3); null where the server sent none.</summary>
    public uint? SinceLastTransaction => Options.TryGetNumber(OptionCode.CltTime, out var seconds) ? seconds : null;

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out ClientDataOption client)
    {
        client = default;
        if (option.Code != OptionCode.ClientData)
            return false;
        client = new(option.Data);
        return true;
    }

    /// <summary>Begins the option; the caller writes the client's options and ends the option.</summary>
    /// <returns>The mark for <see cref="Dhcp6Writer.EndOption"/>.</returns>
    public static int Begin(ref Dhcp6Writer writer) => writer.BeginOption(OptionCode.ClientData);

    /// <inheritdoc/>
    public override string ToString() => $"{Duid.ToText(ClientId)} last transaction {SinceLastTransaction?.ToString() ?? "?"}s ago";
}
