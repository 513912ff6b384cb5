using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Leasequery;

/// <summary>Writes DHCPLEASEACTIVE and DHCPLEASEUNASSIGNED of one lease (RFC 4388 section 6.4.2, RFC 6926 section 8.1), straight from the row's octets.</summary>
internal static class Dhcp4LeaseMessage
{
    /// <summary>Most octets of such a message: its fixed part, what the server says of the lease, and the options that a binding keeps.</summary>
    public const int MaxSize = 2048;

    /// <summary>Writes the message.</summary>
    /// <param name="buffer">At least <see cref="MaxSize"/> octets.</param>
    /// <param name="asked">What is asked for.</param>
    /// <param name="record">The row.</param>
    /// <param name="view">Its payload.</param>
    /// <param name="lease">The lease.</param>
    /// <param name="remaining">Seconds that are left of it; null when it has ended: DHCPLEASEUNASSIGNED.</param>
    /// <param name="now">What times are relative to, Unix milliseconds.</param>
    /// <returns>Octets written.</returns>
    public static int Write(Span<byte> buffer, Ipv4Request asked, in BindingRecord record, in BindingView view, in LeaseView lease, uint? remaining, long now)
    {
        var writer = new Dhcp4Writer(buffer);
        var linkLayer = view.LinkLayerAddress;
        PortSet.TryAddress(lease.Key, out var address);
        writer.Header(new Dhcp4Header
        {
            Operation = BootpOperation.Reply,
            TransactionId = asked.TransactionId,
            ClientAddress = address,
            HardwareType = linkLayer.Length > 2 ? linkLayer[1] : (byte)0,
            HardwareAddress = linkLayer.Length > 2 ? linkLayer[2..Math.Min(linkLayer.Length, 2 + Dhcp4Message.HardwareAddressSize)] : default,
        });
        writer.MessageType(remaining is null ? Dhcp4MessageType.LeaseUnassigned : Dhcp4MessageType.LeaseActive);
        writer.OptionAddress(Dhcp4OptionCode.ServerId, Dhcp4Configuration.DummyServerId);
        writer.OptionU32(Dhcp4OptionCode.BaseTime, (uint)(now / 1000));
        writer.OptionU8(Dhcp4OptionCode.DhcpState, (byte)StateOf(lease, remaining is not null));
        writer.OptionU32(Dhcp4OptionCode.StartTimeOfState, (uint)Math.Max(0, (now - lease.ChangedAt) / 1000));
        writer.OptionU32(Dhcp4OptionCode.ClientLastTransactionTime, (uint)Math.Max(0, (now - view.LastTransactionAt) / 1000));
        if (remaining is { } seconds)
            writer.OptionU32(Dhcp4OptionCode.LeaseTime, seconds);
        if (BindingKey.KindOf(record.Key) == IdentityKind.ClientId)
            writer.Option(Dhcp4OptionCode.ClientId, BindingKey.IdentityOf(record.Key));
        WriteLeaseOptions(ref writer, asked, view, lease);
        WriteClientOptions(ref writer, asked, view);
        writer.End();
        return writer.Length;
    }

    /// <summary>Writes that nothing is leased: DHCPLEASEUNASSIGNED for an address that this server gives out, else DHCPLEASEUNKNOWN.</summary>
    /// <returns>Octets written.</returns>
    public static int WriteNone(Span<byte> buffer, BindingQuery query, LeasequerySettings settings, long now)
    {
        PortSet.TryFromMapped(query.Prefix.Address, out var address);
        var isConfigured = query.Kind == QueryKinds.ByAddress && settings.Dhcp4?.Links.Any(l => l.Contains(query.Prefix.Address)) == true;
        var writer = new Dhcp4Writer(buffer);
        writer.Header(new Dhcp4Header
        {
            Operation = BootpOperation.Reply,
            TransactionId = query.Ipv4!.TransactionId,
            ClientAddress = query.Kind == QueryKinds.ByAddress ? address : default,
        });
        writer.MessageType(isConfigured ? Dhcp4MessageType.LeaseUnassigned : Dhcp4MessageType.LeaseUnknown);
        writer.OptionAddress(Dhcp4OptionCode.ServerId, Dhcp4Configuration.DummyServerId);
        writer.OptionU32(Dhcp4OptionCode.BaseTime, (uint)(now / 1000));
        writer.End();
        return writer.Length;
    }

    private static DhcpState StateOf(in LeaseView lease, bool isActive) => lease.Phase switch
    {
        _ when isActive => DhcpState.Active,
        LeasePhase.Released => DhcpState.Released,
        LeasePhase.Declined => DhcpState.Abandoned,
        _ => DhcpState.Expired,
    };

    private static void WriteLeaseOptions(ref Dhcp4Writer writer, Ipv4Request asked, in BindingView view, in LeaseView lease)
    {
        Span<byte> data = stackalloc byte[Ipv6Address.Size];
        if (asked.Wants(Dhcp4OptionCode.PortParameters) && PortSet.TryOf(lease.Key, out var ports))
        {
            ports.Write(data);
            writer.Option(Dhcp4OptionCode.PortParameters, data[..PortParameters.Size]);
        }

        if (asked.Wants(Dhcp4OptionCode.S46SourceAddress) && view.HasTunnelSource)
        {
            view.TunnelSource.Write(data);
            writer.Option(Dhcp4OptionCode.S46SourceAddress, data);
        }

        // RFC 6926 section 6.2.8: the lease is this server's own, and as it is now.
        if (asked.Parameters?.Contains(Dhcp4OptionCode.DataSource) == true)
            writer.OptionU8(Dhcp4OptionCode.DataSource, 0);
    }

    private static void WriteClientOptions(ref Dhcp4Writer writer, Ipv4Request asked, in BindingView view)
    {
        foreach (var option in new Dhcp4OptionList(view.Ipv4Options))
        {
            if (option.Code != Dhcp4OptionCode.ClientId && asked.Wants(option.Code))
                writer.Option(option.Code, option.Data);
        }
    }
}
