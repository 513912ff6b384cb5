using System.Buffers.Binary;
using System.Text;
using Lease.Actors.Configuration;
using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Dhcp4;

/// <summary>
/// Writes the options that the configuration gives a DHCPv4 client: what it asks for, what every client needs (subnet mask, routers, DNS: Kea sends these too), and what is always sent,
/// each from the most specific level that sets it.
/// </summary>
internal static class Dhcp4OptionWriter
{
    private static readonly Dhcp4OptionCode[] Basic = [Dhcp4OptionCode.Routers, Dhcp4OptionCode.DnsServers, Dhcp4OptionCode.DomainName];

    /// <summary>Writes them.</summary>
    public static void Write(ref Dhcp4Writer writer, Dhcp4Message request, Dhcp4Answer answer, OptionSet global)
    {
        var levels = new Dhcp4Levels(answer, global);
        request.Options.TryGet(Dhcp4OptionCode.ParameterRequestList, out var requested);
        Span<bool> written = stackalloc bool[256];
        MarkOwn(written);
        if (answer.Lease is not null)
            WriteMask(ref writer, answer, levels);
        written[(byte)Dhcp4OptionCode.SubnetMask] = true;
        WriteNames(ref writer, request, requested, answer, written);
        foreach (var code in Basic)
            WriteOne(ref writer, levels, (byte)code, written);
        foreach (var code in requested)
            WriteOne(ref writer, levels, code, written);
        WriteAlwaysSent(ref writer, levels, written);
        WriteVendorOptions(ref writer, request, requested, levels);
    }

    // What the engine decides itself cannot be configured.
    private static void MarkOwn(Span<bool> written)
    {
        ReadOnlySpan<Dhcp4OptionCode> own =
        [
            Dhcp4OptionCode.Pad, Dhcp4OptionCode.RequestedAddress, Dhcp4OptionCode.LeaseTime, Dhcp4OptionCode.Overload, Dhcp4OptionCode.MessageType, Dhcp4OptionCode.ServerId,
            Dhcp4OptionCode.ParameterRequestList, Dhcp4OptionCode.Message, Dhcp4OptionCode.RenewalTime, Dhcp4OptionCode.RebindingTime, Dhcp4OptionCode.ClientId,
            Dhcp4OptionCode.RapidCommit, Dhcp4OptionCode.RelayAgentInformation, Dhcp4OptionCode.S46SourceAddress, Dhcp4OptionCode.PortParameters,
            Dhcp4OptionCode.VendorIdentifyingInformation, Dhcp4OptionCode.End,
        ];
        foreach (var code in own)
            written[(byte)code] = true;
    }

    private static void WriteOne(ref Dhcp4Writer writer, in Dhcp4Levels levels, byte code, scoped Span<bool> written)
    {
        if (written[code])
            return;
        written[code] = true;
        if (levels.Find(code) is { NeverSend: false } option)
            writer.Option((Dhcp4OptionCode)code, option.Data);
    }

    private static void WriteMask(ref Dhcp4Writer writer, Dhcp4Answer answer, in Dhcp4Levels levels)
    {
        if (levels.Find((ushort)Dhcp4OptionCode.SubnetMask) is { } configured)
        {
            if (!configured.NeverSend)
                writer.Option(Dhcp4OptionCode.SubnetMask, configured.Data);
            return;
        }

        writer.OptionU32(Dhcp4OptionCode.SubnetMask, (uint)answer.Subnet.Prefix.Mask);
    }

    // The reserved name, or what the client says of its own; the server updates no DNS (RFC 4702 section 4: N).
    private static void WriteNames(ref Dhcp4Writer writer, Dhcp4Message request, ReadOnlySpan<byte> requested, Dhcp4Answer answer, scoped Span<bool> written)
    {
        if (answer.Reservation?.Hostname is { } hostname)
        {
            writer.Option(Dhcp4OptionCode.HostName, Encoding.UTF8.GetBytes(hostname));
            written[(byte)Dhcp4OptionCode.HostName] = true;
        }

        if (!request.Options.TryGet(Dhcp4OptionCode.ClientFqdn, out var fqdn))
            return;
        written[(byte)Dhcp4OptionCode.ClientFqdn] = true;
        if (!requested.Contains((byte)Dhcp4OptionCode.ClientFqdn))
            return;
        const byte serverUpdates = 1;
        const byte overridden = 2;
        const byte canonical = 4;
        const byte noUpdates = 8;
        Span<byte> data = stackalloc byte[Dhcp4Option.MaxData];
        fqdn.CopyTo(data);
        data[0] = (byte)((fqdn[0] & canonical) | noUpdates | ((fqdn[0] & serverUpdates) != 0 ? overridden : 0));
        data[1] = data[2] = 255;
        writer.Option(Dhcp4OptionCode.ClientFqdn, data[..fqdn.Length]);
    }

    private static void WriteAlwaysSent(ref Dhcp4Writer writer, in Dhcp4Levels levels, scoped Span<bool> written)
    {
        for (var level = 0; level < levels.Count; level++)
        {
            foreach (var option in levels[level].Options)
            {
                if (option is { AlwaysSend: true, Vendor: null })
                    WriteOne(ref writer, levels, (byte)option.Code, written);
            }
        }
    }

    // RFC 3925 section 4: one part for each vendor, made at the first level that names it.
    private static void WriteVendorOptions(ref Dhcp4Writer writer, Dhcp4Message request, ReadOnlySpan<byte> requested, in Dhcp4Levels levels)
    {
        for (var level = 0; level < levels.Count; level++)
        {
            var options = levels[level].Options;
            for (var i = 0; i < options.Length; i++)
            {
                if (options[i].Vendor is { } vendor && (i == 0 || options[i - 1].Vendor != vendor) && !IsNamed(levels, level, vendor))
                    WriteVendor(ref writer, request, requested, levels, level, vendor);
            }
        }
    }

    // Enterprise number u32, length u8, options of one octet each for code and length.
    private static void WriteVendor(ref Dhcp4Writer writer, Dhcp4Message request, ReadOnlySpan<byte> requested, in Dhcp4Levels levels, int first, uint vendor)
    {
        Span<byte> data = stackalloc byte[5 + Dhcp4Option.MaxData];
        Span<bool> written = stackalloc bool[256];
        var length = 5;
        var always = false;
        for (var level = first; level < levels.Count; level++)
        {
            foreach (var option in levels[level].Options)
            {
                if (option.Vendor != vendor || written[(byte)option.Code])
                    continue;
                written[(byte)option.Code] = true;
                always |= option.AlwaysSend;
                if (option.NeverSend || length + 2 + option.Data.Length > data.Length)
                    continue;
                data[length] = (byte)option.Code;
                data[length + 1] = (byte)option.Data.Length;
                option.Data.CopyTo(data[(length + 2)..]);
                length += 2 + option.Data.Length;
            }
        }

        if (length == 5 || !(always || (requested.Contains((byte)Dhcp4OptionCode.VendorIdentifyingInformation) && Accepts(request, vendor))))
            return;
        BinaryPrimitives.WriteUInt32BigEndian(data, vendor);
        data[4] = (byte)(length - 5);
        writer.Option(Dhcp4OptionCode.VendorIdentifyingInformation, data[..length]);
    }

    private static bool IsNamed(in Dhcp4Levels levels, int before, uint vendor)
    {
        for (var level = 0; level < before; level++)
        {
            foreach (var option in levels[level].Options)
            {
                if (option.Vendor == vendor)
                    return true;
            }
        }

        return false;
    }

    private static bool Accepts(Dhcp4Message request, uint vendor)
    {
        var named = false;
        foreach (var option in request.Options)
        {
            if (option.Code is not (Dhcp4OptionCode.VendorIdentifyingClass or Dhcp4OptionCode.VendorIdentifyingInformation) || option.Data.Length < 4)
                continue;
            named = true;
            if (BinaryPrimitives.ReadUInt32BigEndian(option.Data) == vendor)
                return true;
        }

        return !named;
    }
}
