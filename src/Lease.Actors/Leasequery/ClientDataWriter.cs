using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Leasequery;

/// <summary>Writes what is told of one client on one link: CLIENT_DATA (RFC 5007 section 4.1.2.2, leasequery draft section 4.4.3), straight from the row's octets.</summary>
/// <param name="requested">What is told beside the minimum.</param>
/// <param name="deviceId">The code of the draft's OPTION_DEVICE_ID.</param>
/// <param name="now">What lifetimes and CLT_TIME are relative to, Unix milliseconds.</param>
public readonly struct ClientDataWriter(IReadOnlyList<OptionCode> requested, OptionCode deviceId, long now)
{
    /// <summary>Writes CLIENT_DATA; nothing when there is no lease to tell of.</summary>
    /// <returns>Whether something was written, or did not fit (see <see cref="Dhcp6Writer.Overflowed"/>).</returns>
    public bool Write(ref Dhcp6Writer writer, in BindingRecord record, in BindingView view, EndedLeases ended)
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

        writer.OptionU32(OptionCode.CltTime, (uint)Math.Clamp((now - view.LastTransactionAt) / 1000, 0, uint.MaxValue));
        for (var i = 0; i < requested.Count; i++)
            WriteRequested(ref writer, requested[i], view);
        writer.EndOption(mark);
        return true;
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

        if (code == deviceId || code == OptionCode.ClientLinkLayerAddress)
        {
            if (!view.LinkLayerAddress.IsEmpty)
                writer.Option(code, view.LinkLayerAddress);
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
