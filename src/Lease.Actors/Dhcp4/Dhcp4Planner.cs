using Lease.Actors.Allocation;
using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Dhcp4;

/// <summary>Decides by RFC 2131 section 4.3, with shared addresses (RFC 7618) and tunnel source addresses (RFC 8539). A client has one lease on a link.</summary>
internal sealed partial class Dhcp4Planner : LeasePlanner
{
    private readonly Dhcp4Exchange exchange;
    private readonly Dhcp4MessageType type;
    private bool rapid;
    private readonly bool acceptsPortSets;
    private readonly Ipv6Address? storedSource;
    private Ipv6Address? tunnelSource;
    private Dhcp4Answer? answer;
    private Dhcp4Drop? silence;

    public Dhcp4Planner(Dhcp4Exchange exchange, in PlanningContext context)
        : base(exchange, context)
    {
        this.exchange = exchange;
        var message = exchange.Message;
        type = message.Type;
        rapid = type == Dhcp4MessageType.Discover && exchange.Subnet.RapidCommit && message.Options.Contains(Dhcp4OptionCode.RapidCommit);

        // RFC 7618 section 6: only clients that ask for OPTION_V4_PORTPARAMS can share an address.
        acceptsPortSets = message.Options.Contains(Dhcp4OptionCode.PortParameters)
            || (message.Options.TryGet(Dhcp4OptionCode.ParameterRequestList, out var requested) && requested.Contains((byte)Dhcp4OptionCode.PortParameters));
        storedSource = context.Binding?.Ipv4?.TunnelSource;
        tunnelSource = TunnelSources.Of(exchange);

        // The one that it had, unless another client has it meanwhile.
        if (tunnelSource is null && storedSource is { } had && !IsConflict(Ipv4Data.TunnelKey(had)))
            tunnelSource = had;
    }

    /// <inheritdoc/>
    public override bool NeedsCommit => HasChanged && !IsOffer;

    /// <inheritdoc/>
    public override bool IsOffer => type == Dhcp4MessageType.Discover && !rapid;

    /// <inheritdoc/>
    public override byte Cause => (byte)type;

    private Link Link => exchange.Link;

    /// <inheritdoc/>
    public override bool TryPlan() => type switch
    {
        Dhcp4MessageType.Request => TryPlanRequest(),
        Dhcp4MessageType.Release => PlanEnd(exchange.Message.ClientAddress, LeasePhase.Released),
        Dhcp4MessageType.Decline => PlanEnd(Requested ?? default, LeasePhase.Declined),
        _ => TryPlanAssign(),
    };

    /// <inheritdoc/>
    public override Binding Result() => Dhcp4BindingUpdate.After(exchange, Leases, tunnelSource, Now);

    /// <inheritdoc/>
    public override void Send(ILogger logger)
    {
        if (silence == Dhcp4Drop.NoAddress)
            logger.NothingFree(Link.Name, new ClientText(exchange.Key), silence);
        if (silence is { } reason)
            exchange.Counters.CountDrop(reason);
        if (answer is { Type: Dhcp4MessageType.Nak, Text: { } text })
            logger.Refused(Link.Name, BindingKey.ClientTextOf(exchange.Key.Bytes), exchange.MessageName, text);
        if (answer is not null)
            exchange.Send(answer);
    }

    private Ipv4Address? Requested => exchange.Message.Options.TryGetAddress(Dhcp4OptionCode.RequestedAddress, out var address) ? address : null;

    // DISCOVER (section 4.3.1), and BOOTREQUEST.
    private bool TryPlanAssign()
    {
        // An offer binds nothing: the REQUEST that follows is refused, with the reason.
        if (!IsOffer && TunnelSources.DefectOf(tunnelSource, exchange, IsConflict) is not null)
        {
            if (type == Dhcp4MessageType.Bootp)
                return BeSilent(Dhcp4Drop.TunnelSource);
            rapid = false;
        }

        if (IndexOfActive() is >= 0 and var index && Usable(Working[index]) is { } subnet && IsReservedOne(Working[index].Key))
        {
            Renew(index, subnet);
            return true;
        }

        Span<LeaseKey> wanted = stackalloc LeaseKey[8];
        var count = CollectWanted(wanted);
        if (ReservedUnit() is { } reserved && exchange.SubnetOf(reserved) is { } reservedSubnet)
        {
            Grant(reservedSubnet, reserved);
            return true;
        }

        return TryAllocate(wanted[..count], exactly: false);
    }

    // REQUEST (section 4.3.2): what is not SELECTING is told apart by ciaddr.
    private bool TryPlanRequest()
    {
        var message = exchange.Message;
        var isSelecting = message.Options.TryGetAddress(Dhcp4OptionCode.ServerId, out _);
        var asked = message.ClientAddress.IsUnspecified ? Requested ?? default : message.ClientAddress;
        if (asked.IsUnspecified)
            return BeSilent(Dhcp4Drop.NoBinding);
        if (!Link.Contains(PortSet.ToMapped(asked)))
            return Refuse($"{asked} is not on this link");
        if (TunnelSources.DefectOf(tunnelSource, exchange, IsConflict) is { } defect)
            return Refuse(defect);
        var index = IndexOfActive();
        if (index >= 0 && IsAddressOf(Working[index].Key, asked))
            return PlanExtend(index);
        if (index >= 0 && !isSelecting)
            return Refuse($"the client has {LeaseLog.TextOf(Working[index].Key)}, not {asked}");
        if (ReservedUnit() is { } reserved && IsAddressOf(reserved, asked) && exchange.SubnetOf(reserved) is { } subnet)
        {
            Grant(subnet, reserved);
            return true;
        }

        // INIT-REBOOT of a client that nobody knows: another server may know it.
        var isKnown = isSelecting || !message.ClientAddress.IsUnspecified || LastWith(asked) is not null;
        if (!isKnown)
            return ((Dhcp4Subnet)exchange.Subnet).Authoritative ? Refuse($"{asked} is not this client's") : BeSilent(Dhcp4Drop.NoBinding);
        Span<LeaseKey> wanted = [KeyOf(asked)];
        return TryAllocate(wanted, exactly: true);
    }

    private bool PlanExtend(int index)
    {
        if (Usable(Working[index]) is { } subnet && IsReservedOne(Working[index].Key))
        {
            Renew(index, subnet);
            return true;
        }

        // It is reserved for another client, this one has another reservation or is in another class, or the configuration has changed.
        End(index, LeasePhase.Released);
        FreeTunnel();
        return Refuse($"{LeaseLog.TextOf(Working[index].Key)} is not for this client any more");
    }

    private bool PlanEnd(Ipv4Address address, LeasePhase phase)
    {
        var index = IndexOfActive();
        if (index < 0 || !IsAddressOf(Working[index].Key, address))
            return BeSilent(Dhcp4Drop.NoBinding);
        End(index, phase);
        FreeTunnel();
        return true;
    }

    private bool TryAllocate(ReadOnlySpan<LeaseKey> wanted, bool exactly)
    {
        var result = TryAllocate(wanted, exactly ? AllocationReach.Wanted : AllocationReach.Free);

        // An offer to another client gives way only when no pool has anything free.
        if (result == AllocationResult.Exhausted && !exactly)
            result = TryAllocate(wanted, AllocationReach.Offers);
        if (result == AllocationResult.Pending)
            return false;
        if (result == AllocationResult.Allocated)
            return true;
        return exactly ? Refuse($"{LeaseLog.TextOf(wanted[0])} is not free") : BeSilent(Dhcp4Drop.NoAddress);
    }

    // Shared addresses first, for clients that can have them.
    private AllocationResult TryAllocate(ReadOnlySpan<LeaseKey> wanted, AllocationReach reach)
    {
        var result = acceptsPortSets ? TryAllocate(wanted, reach, isShared: true) : AllocationResult.Exhausted;
        return result == AllocationResult.Exhausted ? TryAllocate(wanted, reach, isShared: false) : result;
    }

    private AllocationResult TryAllocate(ReadOnlySpan<LeaseKey> wanted, AllocationReach reach, bool isShared)
    {
        foreach (var subnet in exchange.SubnetsInOrder())
        {
            if (!MayUse(subnet))
                continue;
            foreach (var pool in subnet.Pools)
            {
                var range = pool.Range;
                if (!MayUse(pool) || range.Ports != 0 != isShared)
                    continue;
                if (reach == AllocationReach.Wanted && !range.TryUnitOf(wanted[0], out _))
                    continue;
                var result = Allocate(range, wanted, out var key, reach);
                if (result == AllocationResult.Allocated)
                    Grant(subnet, key);
                if (result != AllocationResult.Exhausted)
                    return result;
            }
        }

        return AllocationResult.Exhausted;
    }

    private void Renew(int index, Dhcp4Subnet subnet)
    {
        var lease = Working[index];
        var age = (Now - lease.ChangedAt) / 1000;
        if (!IsOffer && tunnelSource == storedSource && IsFresh(subnet, lease, age))
        {
            // What is left of the lease, and no commit.
            SetAnswer(subnet, lease.Key, (uint)Math.Max(0, lease.Valid - age));
            return;
        }

        var valid = ValidOf(subnet);
        SetAnswer(subnet, lease.Key, valid);
        if (IsOffer)
            return;
        ClaimTunnel(hadLease: true);
        Extend(index, lease with { Valid = valid, ChangedAt = Now });
    }

    private void Grant(Dhcp4Subnet subnet, LeaseKey key)
    {
        var valid = ValidOf(subnet);
        SetAnswer(subnet, key, valid);
        var previous = IndexOfActive();
        if (previous >= 0 && Working[previous].Key != key && !IsOffer)
            End(previous, LeasePhase.Released);
        if (!IsOffer)
            ClaimTunnel(hadLease: previous >= 0);
        Claim(new BoundLease(IaKind.Ipv4, 0, key, LeasePhase.Active, subnet.Id, 0, valid, Now));
    }

    private void Grant(Subnet subnet, LeaseKey key) => Grant((Dhcp4Subnet)subnet, key);

    private void ClaimTunnel(bool hadLease)
    {
        if (hadLease && tunnelSource == storedSource)
            return;
        if (hadLease && storedSource is { } old)
            Change(Ipv4Data.TunnelKey(old), LeaseState.Free);
        if (tunnelSource is { } source)
            Change(Ipv4Data.TunnelKey(source), LeaseState.Active);
    }

    private void FreeTunnel()
    {
        tunnelSource = storedSource;
        if (storedSource is { } source)
            Change(Ipv4Data.TunnelKey(source), LeaseState.Free);
    }

    private void SetAnswer(Subnet subnet, LeaseKey key, uint valid) => answer = new Dhcp4Answer
    {
        Type = type switch
        {
            Dhcp4MessageType.Bootp => Dhcp4MessageType.Bootp,
            Dhcp4MessageType.Discover when !rapid => Dhcp4MessageType.Offer,
            _ => Dhcp4MessageType.Ack,
        },
        Lease = key,
        Valid = valid,
        Subnet = subnet,
        Pool = subnet.FindPool(IaKind.Ipv4, key),
        Reservation = Reservation,
        Classes = exchange.Classes,
        RapidCommit = rapid,
        TunnelSource = tunnelSource,
    };

    private bool Refuse(string text)
    {
        answer = new Dhcp4Answer { Type = Dhcp4MessageType.Nak, Subnet = exchange.Subnet, Text = text };
        return true;
    }

    private bool BeSilent(Dhcp4Drop reason)
    {
        silence = reason;
        return true;
    }
}
