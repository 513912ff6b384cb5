using System.Buffers.Binary;

namespace Lease.Protocol.Dhcp6.Options;

/// <summary>AUTH (RFC 8415 section 21.11): protocol u8, algorithm u8, replay detection method u8, replay detection u64, authentication information.</summary>
public readonly ref struct AuthOption
{
    /// <summary>Octets in front of the authentication information.</summary>
    public const int FixedSize = 11;

    private AuthOption(ReadOnlySpan<byte> data)
    {
        Protocol = data[0];
        Algorithm = data[1];
        ReplayMethod = data[2];
        ReplayDetection = BinaryPrimitives.ReadUInt64BigEndian(data[3..]);
        Information = data[FixedSize..];
    }

    /// <summary>3 is the reconfiguration key protocol (RFC 8415 section 20.4).</summary>
    public byte Protocol { get; }

    /// <summary>1 is HMAC-MD5 in the reconfiguration key protocol.</summary>
    public byte Algorithm { get; }

    /// <summary>0: a counter that grows.</summary>
    public byte ReplayMethod { get; }

    /// <summary>The counter.</summary>
    public ulong ReplayDetection { get; }

    /// <summary>What protocol and algorithm say.</summary>
    public ReadOnlySpan<byte> Information { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out AuthOption auth)
    {
        auth = default;
        if (option.Code != OptionCode.Authentication || option.Data.Length < FixedSize)
            return false;
        auth = new(option.Data);
        return true;
    }

    /// <summary>Writes the option.</summary>
    public static void Write(
        ref Dhcp6Writer writer, byte protocol, byte algorithm, byte replayMethod, ulong replayDetection, scoped ReadOnlySpan<byte> information)
    {
        var mark = writer.BeginOption(OptionCode.Authentication);
        writer.U8(protocol);
        writer.U8(algorithm);
        writer.U8(replayMethod);
        writer.U32((uint)(replayDetection >> 32));
        writer.U32((uint)replayDetection);
        writer.Octets(information);
        writer.EndOption(mark);
    }

    /// <summary>Never shows the authentication information, which may be a key.</summary>
    public override string ToString()
        => $"protocol={Protocol} algorithm={Algorithm} rdm={ReplayMethod} replay={ReplayDetection} information={Information.Length} octets";
}
