using System.Buffers.Binary;
using Lease.Actors.Configuration;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Dhcp6;

/// <summary>
/// Writes the options that the configuration gives a client: what it asks for and what is always sent, each from the most specific level that sets it: host,
/// pool, subnet, shared network, its classes in the order in which they were assigned, global.
/// </summary>
internal static class ConfiguredOptionWriter
{
    public static void Write(
        ref Dhcp6Writer writer,
        Dhcp6Message request,
        OptionRequestOption requested,
        ReadOnlySpan<byte> packet,
        in RelayChain chain,
        Dhcp6Settings settings,
        Subnet subnet,
        Answer answer)
    {
        var levels = LevelsOf(answer, subnet, settings.Configuration);
        var start = writer.Length;
        for (var i = 0; i < requested.Count; i++)
        {
            if (!IsRepeated(requested, i) && requested[i] is not (OptionCode.VendorOptions or OptionCode.ClientFqdn))
                WriteOne(ref writer, levels, requested[i]);
        }

        WriteAlwaysSent(ref writer, levels, requested, answer.Type);
        WriteVendorOptions(ref writer, levels, request, requested);
        if (requested.Contains(OptionCode.ClientFqdn))
            WriteFqdn(ref writer, request, answer.Reservation);
        WriteRelaySupplied(ref writer, start, packet, chain, settings);
    }

    private static List<OptionSet> LevelsOf(Answer answer, Subnet subnet, ServiceConfiguration configuration)
    {
        var levels = new List<OptionSet>(2);
        if (answer.Reservation is { } host)
            levels.Add(host.Options);
        var source = subnet;
        foreach (var ia in answer.Ias)
        {
            source = ia.Subnet ?? source;
            foreach (var lease in ia.Leases)
            {
                if (lease.Pool is { } pool && !levels.Contains(pool.Options))
                    levels.Add(pool.Options);
            }
        }

        if (answer.Classes is { } classes)
        {
            levels.Add(source.LocalOptions);
            for (var i = 0; i < classes.Count; i++)
                levels.Add(classes[i].Options);
            levels.Add(configuration.Options);
        }
        else
        {
            levels.Add(source.Options);
        }

        return levels;
    }

    private static bool IsRepeated(OptionRequestOption requested, int index)
    {
        for (var i = 0; i < index; i++)
        {
            if (requested[i] == requested[index])
                return true;
        }

        return false;
    }

    private static ConfiguredOption? Find(List<OptionSet> levels, ushort code)
    {
        foreach (var level in levels)
        {
            if (level.Find(code) is { } option)
                return option;
        }

        return null;
    }

    private static void WriteOne(ref Dhcp6Writer writer, List<OptionSet> levels, OptionCode code)
    {
        if (Find(levels, (ushort)code) is { NeverSend: false } option)
            writer.Option(code, option.Data);
    }

    private static void WriteAlwaysSent(ref Dhcp6Writer writer, List<OptionSet> levels, OptionRequestOption requested, MessageType type)
    {
        for (var i = 0; i < levels.Count; i++)
        {
            foreach (var option in levels[i].Options)
            {
                // PREFERENCE is no client's to ask for: it belongs into every ADVERTISE (RFC 8415 section 18.3.9).
                var always = option.AlwaysSend || (option.Code == (ushort)OptionCode.Preference && type == MessageType.Advertise);
                if (always && option.Vendor is null && !requested.Contains((OptionCode)option.Code) && ReferenceEquals(Find(levels, option.Code), option)
                    && !option.NeverSend)
                    writer.Option((OptionCode)option.Code, option.Data);
            }
        }
    }

    // RFC 8415 section 21.17: a VENDOR_OPTS for each enterprise. A client that names its vendor gets only that vendor's.
    private static void WriteVendorOptions(ref Dhcp6Writer writer, List<OptionSet> levels, Dhcp6Message request, OptionRequestOption requested)
    {
        HashSet<uint>? vendors = null;
        foreach (var level in levels)
        {
            foreach (var option in level.Options)
            {
                if (option.Vendor is { } vendor && (option.AlwaysSend || (requested.Contains(OptionCode.VendorOptions) && Accepts(request, vendor))))
                    (vendors ??= []).Add(vendor);
            }
        }

        if (vendors is null)
            return;
        foreach (var vendor in vendors)
        {
            var mark = writer.BeginOption(OptionCode.VendorOptions);
            writer.U32(vendor);
            var written = new HashSet<ushort>();
            foreach (var level in levels)
            {
                foreach (var option in level.Options)
                {
                    if (option.Vendor == vendor && written.Add(option.Code) && !option.NeverSend)
                        writer.Option((OptionCode)option.Code, option.Data);
                }
            }

            writer.EndOption(mark);
        }
    }

    private static bool Accepts(Dhcp6Message request, uint vendor)
    {
        var named = false;
        foreach (var option in request.Options)
        {
            if (option.Code is not (OptionCode.VendorClass or OptionCode.VendorOptions) || option.Data.Length < 4)
                continue;
            named = true;
            if (BinaryPrimitives.ReadUInt32BigEndian(option.Data) == vendor)
                return true;
        }

        return !named;
    }

    // RFC 4704 section 6: the server updates no DNS here, and says so (N).
    private static void WriteFqdn(ref Dhcp6Writer writer, Dhcp6Message request, Reservation? reservation)
    {
        foreach (var option in request.Options)
        {
            if (!ClientFqdnOption.TryRead(option, out var fqdn))
                continue;
            var name = reservation?.Hostname is { } hostname && DomainName.TryEncode(hostname, out var encoded) ? encoded : fqdn.Name;
            var flags = FqdnFlags.NoUpdates | ((fqdn.Flags & FqdnFlags.ServerUpdates) != FqdnFlags.None ? FqdnFlags.Override : FqdnFlags.None);
            ClientFqdnOption.Write(ref writer, flags, name);
            return;
        }
    }

    // RFC 6422 section 6: what a relay supplies and may supply, unless the server itself has sent it.
    private static void WriteRelaySupplied(ref Dhcp6Writer writer, int start, ReadOnlySpan<byte> packet, in RelayChain chain, Dhcp6Settings settings)
    {
        for (var hop = chain.Hops - 1; hop >= 0; hop--)
        {
            if (!chain.Hop(packet, hop).Options.TryGet(OptionCode.RelaySuppliedOptions, out var supplied))
                continue;
            foreach (var option in new OptionList(supplied))
            {
                if (settings.Configuration.RelaySuppliedOptions.Contains((ushort)option.Code)
                    && !writer.Overflowed && !new OptionList(writer.Written[start..]).Contains(option.Code))
                    writer.Option(option.Code, option.Data);
            }
        }
    }
}
