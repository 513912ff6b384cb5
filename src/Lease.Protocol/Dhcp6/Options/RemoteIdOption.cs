using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>REMOTE_ID (RFC 4649 section 3): enterprise-number u32, remote-id opaque. A relay says which host, port or modem it hears the client through.</summary>
public readonly ref struct RemoteIdOption
{
    /// <summary>Octets in front of the remote-id.</summary>
    public const int FixedSize = 4;

    private RemoteIdOption(ReadOnlySpan<byte> data)
    {
        Enterprise = BinaryPrimitives.ReadUInt32BigEndian(data);
        RemoteId = data[FixedSize..];
    }

    /// <summary>IANA's number of the relay's vendor.</summary>
    public uint Enterprise { get; }

    /// <summary>Unique within the vendor's numbers.</summary>
    public ReadOnlySpan<byte> RemoteId { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out RemoteIdOption remoteId)
    {
        remoteId = default;
        if (option.Code != OptionCode.RemoteId || option.Data.Length < FixedSize)
            return false;
        remoteId = new(option.Data);
        return true;
    }

    /// <summary>Writes the option.</summary>
    public static void Write(ref Dhcp6Writer writer, uint enterprise, scoped ReadOnlySpan<byte> remoteId)
    {
        var mark = writer.BeginOption(OptionCode.RemoteId);
        writer.U32(enterprise);
        writer.Octets(remoteId);
        writer.EndOption(mark);
    }

    /// <inheritdoc/>
    public override string ToString() => $"enterprise={Enterprise} {OctetText.Describe(RemoteId)}";
}
