using System.Buffers.Binary;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Classification;

/// <summary>
/// <c>vendor[ENTERPRISE]</c> and <c>vendor-class[ENTERPRISE]</c>: what the client says to or of a vendor, without the enterprise number (RFC 8415 sections 21.16 and 21.17, RFC 3925). Of several
/// vendors the one that is asked for is found, where Kea 2.2 looks at the first only.
/// </summary>
internal sealed class VendorData(bool isClass, uint enterprise) : Source
{
    public const uint AnyEnterprise = 0;

    public override bool TryFind(scoped ref Evaluation evaluation, out ReadOnlySpan<byte> data) => TryFind(evaluation.Packet, out _, out data);

    public bool TryFind(PacketView packet, out uint found, out ReadOnlySpan<byte> data) => packet.IsIpv4 ? TryFind4(packet, out found, out data) : TryFind6(packet, out found, out data);

    private bool TryFind6(PacketView packet, out uint found, out ReadOnlySpan<byte> data)
    {
        foreach (var option in packet.Message.Options)
        {
            if (option.Code != (isClass ? OptionCode.VendorClass : OptionCode.VendorOptions) || option.Data.Length < sizeof(uint))
                continue;
            found = BinaryPrimitives.ReadUInt32BigEndian(option.Data);
            data = option.Data[sizeof(uint)..];
            if (Fits(found))
                return true;
        }

        found = 0;
        data = default;
        return false;
    }

    // In DHCPv4 one option has a part for each vendor: enterprise number u32, length u8, data.
    private bool TryFind4(PacketView packet, out uint found, out ReadOnlySpan<byte> data)
    {
        const int header = 5;
        foreach (var option in packet.Message4.Options)
        {
            if (option.Code != (isClass ? Dhcp4OptionCode.VendorIdentifyingClass : Dhcp4OptionCode.VendorIdentifyingInformation))
                continue;
            var rest = option.Data;
            while (rest.Length >= header && rest[header - 1] <= rest.Length - header)
            {
                found = BinaryPrimitives.ReadUInt32BigEndian(rest);
                data = rest.Slice(header, rest[header - 1]);
                if (Fits(found))
                    return true;
                rest = rest[(header + data.Length)..];
            }
        }

        found = 0;
        data = default;
        return false;
    }

    private bool Fits(uint found) => enterprise == AnyEnterprise || enterprise == found;
}

/// <summary><c>vendor[ENTERPRISE].option[CODE]</c>.</summary>
internal sealed class VendorOption(VendorData vendor, ushort code) : Source
{
    public override bool TryFind(scoped ref Evaluation evaluation, out ReadOnlySpan<byte> data)
    {
        if (!vendor.TryFind(ref evaluation, out data))
            return false;
        return evaluation.Packet.IsIpv4
            ? new SubOptionList(data).TryGet((RelayAgentSubOption)code, out data)
            : new OptionList(data).TryGet((OptionCode)code, out data);
    }
}

/// <summary><c>vendor-class[ENTERPRISE].data[INDEX]</c>: in DHCPv4 a vendor has one.</summary>
internal sealed class VendorClassData(VendorData vendor, int index) : Value
{
    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation)
    {
        if (!vendor.TryFind(ref evaluation, out var data))
            return default;
        if (evaluation.Packet.IsIpv4)
            return index == 0 ? data : default;
        var left = index;
        foreach (var element in new ElementList(data))
        {
            if (left-- == 0)
                return element;
        }

        return default;
    }
}

/// <summary><c>vendor.enterprise</c> and <c>vendor-class.enterprise</c>.</summary>
internal sealed class Enterprise(VendorData vendor) : Value
{
    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation) => vendor.TryFind(evaluation.Packet, out var enterprise, out _) ? evaluation.Number(enterprise) : default;
}
