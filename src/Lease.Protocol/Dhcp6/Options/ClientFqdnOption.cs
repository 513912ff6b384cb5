using System.Runtime.InteropServices;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>Flags of CLIENT_FQDN (RFC 4704 section 4.1).</summary>
[Flags]
public enum FqdnFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>S: the server updates the AAAA record.</summary>
    ServerUpdates = 1,

    /// <summary>O: the server overrode the client's S.</summary>
    Override = 2,

    /// <summary>N: the server does no updates.</summary>
    NoUpdates = 4,
}

/// <summary>CLIENT_FQDN (RFC 4704 section 4): flags u8, domain name (maybe partial, maybe empty).</summary>
[StructLayout(LayoutKind.Auto)]
public readonly ref struct ClientFqdnOption
{
    private ClientFqdnOption(ReadOnlySpan<byte> data)
    {
        Flags = (FqdnFlags)data[0];
        Name = data[1..];
    }

    /// <summary>The flags.</summary>
    public FqdnFlags Flags { get; }

    /// <summary>The name in wire form.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out ClientFqdnOption fqdn)
    {
        fqdn = default;
        if (option.Code != OptionCode.ClientFqdn || option.Data.IsEmpty)
            return false;
        fqdn = new(option.Data);
        return true;
    }

    /// <summary>Writes the option.</summary>
    public static void Write(ref Dhcp6Writer writer, FqdnFlags flags, scoped ReadOnlySpan<byte> name)
    {
        var mark = writer.BeginOption(OptionCode.ClientFqdn);
        writer.U8((byte)flags);
        writer.Octets(name);
        writer.EndOption(mark);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{DomainName.ToText(Name)} ({Flags})";
}
