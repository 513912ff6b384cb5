using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Leasequery;

/// <summary>
/// Writes what is told of one client on one link, straight from the row's octets: CLIENT_DATA (RFC 5007 section 4.1.2.2, leasequery draft section 4.4.3); for a DHCPv4 lease DHCPV4_MSG with it
/// (DHCP4o6 active leasequery draft, section 3).
/// </summary>
/// <param name="query">What is told beside the minimum.</param>
/// <param name="points">Code points that only the drafts have.</param>
/// <param name="now">What lifetimes and CLT_TIME are relative to, Unix milliseconds.</param>
public readonly struct ClientDataWriter(BindingQuery query, DraftCodePoints points, long now)
{
    /// <summary>Writes the options of one message; nothing when there is no lease to tell of. All leases of a DHCPv6 client go into one, each DHCPv4 lease goes into its own.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="record">The row.</param>
    /// <param name="view">Its payload.</param>
    /// <param name="ended">Which ended leases are told.</param>
    /// <param name="lease">Index of the first lease to look at; afterwards of the first that the next message is about: the number of leases when the row has been told.</param>
    /// <returns>Whether something was written, or did not fit (see <see cref="Dhcp6Writer.Overflowed"/>).</returns>
    public bool Write(ref Dhcp6Writer writer, in BindingRecord record, in BindingView view, EndedLeases ended, ref int lease)
    {
        if (query.Ipv4 is { } asked)
            return WriteIpv4(ref writer, asked, record, view, ended, ref lease);
        lease = view.LeaseCount;
        return WriteAll(ref writer, record, view, ended);
    }

    private bool WriteAll(ref Dhcp6Writer writer, in BindingRecord record, in BindingView view, EndedLeases ended)
    {
        var start = writer.Length;
        var mark = ClientDataOption.Begin(ref writer);
        writer.Option(OptionCode.ClientId, BindingKey.IdentityOf(record.Key));
        var leases = 0;
        for (var i = 0; i < view.LeaseCount; i++)
        {
            var lease = view.Lease(i);
            if (IsActive(lease))
                WriteLease(ref writer, lease, Remaining(lease, lease.Preferred), Remaining(lease, lease.Valid));
            else if (ended.Include(lease, record.RowId))
                WriteLease(ref writer, lease, 0, 0);
            else
                continue;
            leases++;
        }

        if (leases == 0)
        {
            writer.Rewind(start);
            return false;
        }

        EndClientData(ref writer, mark, view);
        return true;
    }

    private bool WriteIpv4(ref Dhcp6Writer writer, Ipv4Request asked, in BindingRecord record, in BindingView view, EndedLeases ended, ref int lease)
    {
        while (lease < view.LeaseCount)
        {
            var next = view.Lease(lease++);
            var isActive = IsActive(next);
            if (!isActive && !ended.Include(next, record.RowId))
                continue;
            Span<byte> message = stackalloc byte[Dhcp4LeaseMessage.MaxSize];
            var length = Dhcp4LeaseMessage.Write(message, asked, record, view, next, isActive ? Remaining(next, next.Valid) : null, now);
            writer.Option(OptionCode.Dhcpv4Message, message[..length]);
            var mark = ClientDataOption.Begin(ref writer);
            if (BindingKey.KindOf(record.Key) == IdentityKind.ClientId && ClientIdentifier.TryGetDuid(BindingKey.IdentityOf(record.Key), out var duid))
                writer.Option(OptionCode.ClientId, duid);
            EndClientData(ref writer, mark, view);
            return true;
        }

        return false;
    }

    private void EndClientData(ref Dhcp6Writer writer, int mark, in BindingView view)
    {
        writer.OptionU32(OptionCode.CltTime, (uint)Math.Clamp((now - view.LastTransactionAt) / 1000, 0, uint.MaxValue));

        // By index: an enumerator of the interface would be an object for each client.
        for (var i = 0; i < query.Requested.Count; i++)
            WriteRequested(ref writer, query.Requested[i], view);
        writer.EndOption(mark);
    }

    private static void WriteLease(ref Dhcp6Writer writer, in LeaseView lease, uint preferred, uint valid)
    {
        var key = lease.Key;
        var address = new Ipv6Address(key.Address);
        if (lease.Kind == IaKind.PrefixDelegation)
            writer.EndOption(IaPrefixOption.Begin(ref writer, new Ipv6Prefix(address, key.Length), preferred, valid));
        else
            IaAddressOption.Write(ref writer, address, preferred, valid);
    }

    // Only what has a valid lifetime left (RFC 5007 section 4.1.2.2); its end is told when it has been committed.
    private bool IsActive(in LeaseView lease)
        => lease.Phase == LeasePhase.Active && (lease.Valid == BoundLease.Infinity || lease.ChangedAt + (lease.Valid * 1000L) > now);

    private uint Remaining(in LeaseView lease, uint lifetime)
    {
        if (lifetime == BoundLease.Infinity)
            return lifetime;
        var left = lease.ChangedAt + (lifetime * 1000L) - now;
        return left <= 0 ? 0 : (uint)Math.Min((left + 999) / 1000, lifetime);
    }

    private void WriteRequested(ref Dhcp6Writer writer, OptionCode code, in BindingView view)
    {
        if (code == OptionCode.LqRelayData)
        {
            if (view.IsRelayed)
                LqRelayDataOption.Write(ref writer, new Ipv6Address(view.PeerAddress), view.Forward);
            return;
        }

        if (code == points.DeviceId || code == OptionCode.ClientLinkLayerAddress)
        {
            if (!view.LinkLayerAddress.IsEmpty)
                writer.Option(code, view.LinkLayerAddress);
            return;
        }

        if (code == points.Dhcp4O6SourceAddress && view.HasTunnelSource)
        {
            writer.OptionAddresses(code, [view.TunnelSource]);
            return;
        }

        var found = false;
        foreach (var option in new OptionList(view.ClientOptions))
        {
            if (option.Code != code)
                continue;
            writer.Option(code, option.Data);
            found = true;
        }

        if (!found && view.IsRelayed && TryFindRelayed(view.Forward, code, out var data))
            writer.Option(code, data);
    }

    // Of the relay nearest to the client that has it.
    private static bool TryFindRelayed(ReadOnlySpan<byte> forward, OptionCode code, out ReadOnlySpan<byte> data)
    {
        data = default;
        var found = false;
        for (var depth = 0; depth < RelayChain.MaxHops && forward.Length > RelayMessage.HeaderSize && code != OptionCode.RelayMessage; depth++)
        {
            var options = new RelayMessage(forward).Options;
            if (options.TryGet(code, out var here))
            {
                data = here;
                found = true;
            }

            if (!options.TryGet(OptionCode.RelayMessage, out forward))
                break;
        }

        return found;
    }
}
