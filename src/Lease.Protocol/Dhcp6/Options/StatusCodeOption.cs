using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>STATUS_CODE (RFC 8415 section 21.13): code u16, message in UTF-8 for people.</summary>
public readonly ref struct StatusCodeOption
{
    private StatusCodeOption(ReadOnlySpan<byte> data)
    {
        Code = (StatusCode)BinaryPrimitives.ReadUInt16BigEndian(data);
        Message = data[2..];
    }

    /// <summary>The code.</summary>
    public StatusCode Code { get; }

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> Message { get; }

    /// <summary>The status among <paramref name="options"/>; where there is none the status is Success (RFC 8415 section 21.13).</summary>
    public static StatusCode CodeIn(OptionList options)
        => options.TryGet(OptionCode.StatusCode, out var data) && data.Length >= 2 ? new StatusCodeOption(data).Code : StatusCode.Success;

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out StatusCodeOption status)
    {
        status = default;
        if (option.Code != OptionCode.StatusCode || option.Data.Length < 2)
            return false;
        status = new(option.Data);
        return true;
    }

    /// <summary>Writes the option.</summary>
    public static void Write(ref Dhcp6Writer writer, StatusCode code, scoped ReadOnlySpan<byte> message)
    {
        var mark = writer.BeginOption(OptionCode.StatusCode);
        writer.U16((ushort)code);
        writer.Octets(message);
        writer.EndOption(mark);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{CodeNames.Of(Code)} ({(ushort)Code}) {OctetText.Quote(Message)}";
}
