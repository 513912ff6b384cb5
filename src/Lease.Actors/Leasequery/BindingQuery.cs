using System.Text;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>A query that was understood: which bindings it is about and what is told of them. Immutable.</summary>
public sealed record BindingQuery
{
    /// <summary>What is asked for; <see cref="QueryKinds.None"/> for an active query about the whole server.</summary>
    public required QueryKinds Kind { get; init; }

    /// <summary>How the bindings are found in the tables.</summary>
    public required BindingSelection Selection { get; init; }

    /// <summary>The only link that counts; null for all.</summary>
    public Link? Link { get; init; }

    /// <summary>The value that is looked for, in the stored form: DUID, remote-id, relay-id, device-id.</summary>
    public ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>The address or prefix that is looked for.</summary>
    public Ipv6Prefix Prefix { get; init; }

    /// <summary>What is told of each client beside the minimum, without what is sensitive.</summary>
    public IReadOnlyList<OptionCode> Requested { get; init; } = [];

    /// <summary>Only bindings that changed at or after this, Unix milliseconds.</summary>
    public long ChangedFrom { get; init; } = long.MinValue;

    /// <summary>Only bindings that changed before this, Unix milliseconds.</summary>
    public long ChangedBefore { get; init; } = long.MaxValue;

    /// <summary>Whether each reply carries LQ_BASE_TIME (RFC 7653 section 6.3.1).</summary>
    public bool WithBaseTime { get; init; }

    /// <summary>The draft's OPTION_REPLY_SIZE in octets; 0 where the requestor did not say.</summary>
    public int ReplySize { get; init; }

    /// <summary>For DHCPv4 leases: what their messages shall hold; null: the query is about DHCPv6 leases.</summary>
    public Ipv4Request? Ipv4 { get; init; }

    private byte[]? LinkName => Link is null ? null : linkName ??= Encoding.UTF8.GetBytes(Link.Name);

    private byte[]? linkName;

    /// <summary>Whether every binding of the protocol matches, so that none need be looked at.</summary>
    private bool IsUnfiltered
        => Kind is QueryKinds.None or QueryKinds.ByLink && Link is null && ChangedFrom == long.MinValue && ChangedBefore == long.MaxValue;

    /// <summary>Whether the row is one that the query is about: found by <see cref="Selection"/> or not.</summary>
    public bool Matches(in BindingRecord record, in BindingView view)
    {
        if (!MayMatch(record))
            return false;
        if (IsUnfiltered)
            return true;
        if (record.ChangedAt < ChangedFrom || record.ChangedAt >= ChangedBefore)
            return false;
        if (LinkName is { } name && !BindingKey.LinkNameOf(record.Key).SequenceEqual(name))
            return false;
        return Kind switch
        {
            QueryKinds.ByClientId => BindingKey.IdentityOf(record.Key).SequenceEqual(Value.Span) && BindingKey.KindOf(record.Key) != IdentityKind.HardwareAddress,
            QueryKinds.ByRelayId => view.HasRelayId(Value.Span),
            QueryKinds.ByRemoteId => view.HasRemoteId && view.RemoteId.SequenceEqual(Value.Span),
            QueryKinds.ByDeviceId => DeviceId.Of(view).SequenceEqual(Value.Span),
            QueryKinds.ByAddress => HasLeaseAt(view),
            QueryKinds.ByPrefix => IsFirstWithin(record.FoundBy, view),
            _ => true,
        };
    }

    /// <summary>False when the row cannot match, whatever its payload holds; <paramref name="isCertain"/> when it does.</summary>
    public bool MayMatch(in BindingRecord record, out bool isCertain)
    {
        isCertain = IsUnfiltered;
        return MayMatch(record);
    }

    private bool MayMatch(in BindingRecord record) => BindingKey.IsIpv4(record.Key) == Ipv4 is not null;

    private bool HasLeaseAt(in BindingView view)
    {
        for (var i = 0; i < view.LeaseCount; i++)
        {
            var key = view.Lease(i).Key;
            if (new Ipv6Prefix(new Ipv6Address(key.Address), key.Length).Contains(Prefix.Address))
                return true;
        }

        return false;
    }

    // A walk in the order of leases finds a binding by each of them: it counts at the first.
    private bool IsFirstWithin(LeaseKey? foundBy, in BindingView view)
    {
        var any = false;
        for (var i = 0; i < view.LeaseCount; i++)
        {
            var lease = view.Lease(i);
            var key = lease.Key;
            if (!Prefix.Contains(new Ipv6Prefix(new Ipv6Address(key.Address), key.Length)))
                continue;
            any = true;
            if (foundBy is { } found && lease.Phase is LeasePhase.Active or LeasePhase.Declined && (key.Address, key.Length).CompareTo((found.Address, found.Length)) < 0)
                return false;
        }

        return any;
    }
}
