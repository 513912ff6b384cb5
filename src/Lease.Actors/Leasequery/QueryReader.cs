using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Leasequery;

/// <summary>The status of a query that is not answered with data, and the words that go with it.</summary>
/// <param name="Code">The status.</param>
/// <param name="Text">For people who read packets.</param>
public readonly record struct QueryRefusal(StatusCode Code, string? Text);

/// <summary>
/// Makes a <see cref="BindingQuery"/> of a LEASEQUERY or ACTIVELEASEQUERY (RFC 5007 section 4.3.1, RFC 5460 section 5.3, RFC 7653 section 8.2; leasequery draft section 4.4.1).
/// </summary>
/// <param name="configuration">Who may ask what.</param>
/// <param name="links">The configured links.</param>
/// <param name="now">Unix milliseconds.</param>
public readonly struct QueryReader(LeasequeryConfiguration configuration, LinkFinder links, long now)
{
    private const int MaxRequested = 64;

    /// <summary>Reads the query of a message.</summary>
    /// <param name="message">The message; LQ_QUERY must be there, but for ACTIVELEASEQUERY.</param>
    /// <param name="requestor">Who asks.</param>
    /// <param name="query">What is asked for.</param>
    /// <param name="refusal">Why it is refused.</param>
    public bool TryRead(in Dhcp6Message message, Requestor requestor, out BindingQuery query, out QueryRefusal refusal)
    {
        query = null!;
        if (message.Options.Contains(OptionCode.Dhcpv4Message))
            return TryReadIpv4(message, requestor, out query, out refusal);
        if (!message.Options.TryGet(OptionCode.LqQuery, out var data))
        {
            query = WithTimes(new BindingQuery { Kind = QueryKinds.None, Selection = new BindingSelection.Every(), Requested = RequestedIn(message.Options) }, message.Options);
            refusal = default;
            return true;
        }

        if (!LqQueryOption.TryRead(new Option(OptionCode.LqQuery, data), out var asked))
        {
            refusal = new(StatusCode.MalformedQuery, "LQ_QUERY is too short");
            return false;
        }

        var kind = KindOf(asked.Type, requestor.Dialect);
        if (kind == QueryKinds.None)
            refusal = new(StatusCode.UnknownQueryType, $"query type {(byte)asked.Type} is not known here");
        else if ((requestor.Kinds & kind) == QueryKinds.None)
            refusal = new(StatusCode.NotAllowed, $"query type {(byte)asked.Type} is not allowed to you");
        else if (TrySelect(kind, asked, out query, out refusal))
            query = WithTimes(query with { Requested = RequestedIn(asked.Options) }, message.Options);
        return refusal.Text is null;
    }

    // DHCP4o6: what is asked for stands in the DHCPv4 message; LQ_QUERY says on which link, and which DHCPv6 options go with the answers.
    private bool TryReadIpv4(in Dhcp6Message message, Requestor requestor, out BindingQuery query, out QueryRefusal refusal)
    {
        if (!Dhcp4QueryReader.TryRead(message, out query, out refusal))
            return false;
        if ((requestor.Kinds & query.Kind) != query.Kind)
        {
            refusal = new(StatusCode.NotAllowed, $"queries {query.Kind} are not allowed to you");
            return false;
        }

        var options = message.Options;
        if (message.Options.TryGet(OptionCode.LqQuery, out var data) && LqQueryOption.TryRead(new Option(OptionCode.LqQuery, data), out var asked))
        {
            options = asked.Options;
            if (!asked.LinkAddress.IsUnspecified)
            {
                query = query with { Link = links.OfLinkAddress(asked.LinkAddress) };
                if (query.Link is null)
                    refusal = new(StatusCode.NotConfigured, $"no link has the address {asked.LinkAddress}");
            }
        }

        var inner = query;
        query = WithTimes(query with { Requested = RequestedIn(options) }, message.Options);
        if (query.ChangedFrom == long.MinValue)
            query = query with { ChangedFrom = inner.ChangedFrom };
        if (query.ChangedBefore == long.MaxValue)
            query = query with { ChangedBefore = inner.ChangedBefore };
        return refusal.Text is null;
    }

    private QueryKinds KindOf(QueryType type, LeasequeryDialect dialect)
    {
        if (dialect == LeasequeryDialect.Draft)
        {
            return (byte)type switch
            {
                1 => QueryKinds.ByClientId,
                2 => QueryKinds.ByAddress,
                3 => QueryKinds.ByPrefix,
                4 => QueryKinds.ByLink,
                5 => QueryKinds.ByRemoteId,
                6 => QueryKinds.ByDeviceId,
                _ => QueryKinds.None,
            };
        }

        if (type == configuration.CodePoints.QueryByPrefix)
            return QueryKinds.ByPrefix;
        if (type == configuration.CodePoints.QueryByDeviceId)
            return QueryKinds.ByDeviceId;
        return type switch
        {
            QueryType.ByAddress => QueryKinds.ByAddress,
            QueryType.ByClientId => QueryKinds.ByClientId,
            QueryType.ByRelayId => QueryKinds.ByRelayId,
            QueryType.ByLinkAddress => QueryKinds.ByLink,
            QueryType.ByRemoteId => QueryKinds.ByRemoteId,
            _ => QueryKinds.None,
        };
    }

    private bool TrySelect(QueryKinds kind, LqQueryOption asked, out BindingQuery query, out QueryRefusal refusal)
    {
        query = null!;
        refusal = default;
        Link? link = null;
        if (!asked.LinkAddress.IsUnspecified && (link = links.OfLinkAddress(asked.LinkAddress)) is null)
        {
            refusal = new(StatusCode.NotConfigured, $"no link has the address {asked.LinkAddress}");
            return false;
        }

        switch (kind)
        {
            case QueryKinds.ByAddress:
                return TrySelectAddress(asked.Options, link, out query, out refusal);
            case QueryKinds.ByPrefix:
                return TrySelectPrefix(asked.Options, link, out query, out refusal);
            case QueryKinds.ByLink:
                BindingSelection selection = link is null ? new BindingSelection.Every() : new BindingSelection.OnLink(link.Name);
                query = new BindingQuery { Kind = kind, Selection = selection, Link = link };
                return true;
            default:
                return TrySelectValue(kind, asked.Options, link, out query, out refusal);
        }
    }

    private bool TrySelectAddress(OptionList options, Link? link, out BindingQuery query, out QueryRefusal refusal)
    {
        query = null!;
        if (!options.TryGet(OptionCode.IaAddress, out var data) || !IaAddressOption.TryRead(new Option(OptionCode.IaAddress, data), out var wanted))
        {
            refusal = new(StatusCode.MalformedQuery, "a query by address needs IAADDR");
            return false;
        }

        var prefix = new Ipv6Prefix(wanted.Address, 128);
        if (link is null && links.OfLease(prefix) is null)
        {
            refusal = new(StatusCode.NotConfigured, $"{wanted.Address} is on no link that is configured");
            return false;
        }

        refusal = default;
        query = new BindingQuery { Kind = QueryKinds.ByAddress, Selection = new BindingSelection.Holding(wanted.Address.Value), Link = link, Prefix = prefix };
        return true;
    }

    private bool TrySelectPrefix(OptionList options, Link? link, out BindingQuery query, out QueryRefusal refusal)
    {
        query = null!;
        if (!options.TryGet(OptionCode.IaPrefix, out var data) || !IaPrefixOption.TryRead(new Option(OptionCode.IaPrefix, data), out var wanted) || wanted.Prefix.Length > 128)
        {
            refusal = new(StatusCode.MalformedQuery, "a query by prefix needs IAPREFIX");
            return false;
        }

        var prefix = wanted.Prefix.Network;
        if (!links.IsConfigured(prefix))
        {
            refusal = new(StatusCode.NotConfigured, $"{prefix} is not configured");
            return false;
        }

        refusal = default;
        query = new BindingQuery { Kind = QueryKinds.ByPrefix, Selection = new BindingSelection.HoldingWithin(prefix.First.Value, prefix.Length), Link = link, Prefix = prefix };
        return true;
    }

    private bool TrySelectValue(QueryKinds kind, OptionList options, Link? link, out BindingQuery query, out QueryRefusal refusal)
    {
        query = null!;
        var code = kind switch
        {
            QueryKinds.ByClientId => OptionCode.ClientId,
            QueryKinds.ByRelayId => OptionCode.RelayId,
            QueryKinds.ByRemoteId => OptionCode.RemoteId,
            _ => configuration.CodePoints.DeviceId,
        };
        if (!options.TryGet(code, out var data) || data.IsEmpty || (kind == QueryKinds.ByClientId && data.Length > BindingKey.MaxDuid))
        {
            refusal = new(StatusCode.MalformedQuery, $"the query needs option {(ushort)code}");
            return false;
        }

        var value = data.ToArray();
        BindingSelection selection = kind switch
        {
            QueryKinds.ByClientId when link is not null => new BindingSelection.WithKey(BindingKey.ForDuid(value, link.Name)),
            QueryKinds.ByClientId => new BindingSelection.WithKeyPrefix(BindingKey.PrefixFor(IdentityKind.Duid, value)),
            QueryKinds.ByRelayId => new BindingSelection.WithRelayId(value),
            QueryKinds.ByRemoteId => new BindingSelection.WithRemoteId(value),
            _ => new BindingSelection.WithDeviceId(value),
        };
        refusal = default;
        query = new BindingQuery { Kind = kind, Selection = selection, Link = link, Value = value };
        return true;
    }

    private BindingQuery WithTimes(BindingQuery query, OptionList options)
    {
        var replySize = options.TryGetNumber(configuration.CodePoints.ReplySize, out var size) ? (int)Math.Min(size, ushort.MaxValue) : 0;
        return query with
        {
            ChangedFrom = TimeIn(options, OptionCode.LqStartTime)?.ToUnixTimeMilliseconds() ?? long.MinValue,
            ChangedBefore = TimeIn(options, OptionCode.LqEndTime)?.AddSeconds(1).ToUnixTimeMilliseconds() ?? long.MaxValue,
            WithBaseTime = OptionRequestOption.In(options).Contains(OptionCode.LqBaseTime),
            ReplySize = replySize,
        };
    }

    private DateTimeOffset? TimeIn(OptionList options, OptionCode code)
        => options.TryGetNumber(code, out var seconds) ? DhcpTime.FromSeconds(seconds, DateTimeOffset.FromUnixTimeMilliseconds(now)) : null;

    // What the server keeps of its own accord, what is sensitive and what always comes is left out.
    private IReadOnlyList<OptionCode> RequestedIn(OptionList options)
    {
        var asked = OptionRequestOption.In(options);
        if (asked.Count == 0)
            return [];
        var requested = new List<OptionCode>();
        for (var i = 0; i < asked.Count && requested.Count < MaxRequested; i++)
        {
            var code = asked[i];
            var always = code is OptionCode.ClientId or OptionCode.IaAddress or OptionCode.IaPrefix or OptionCode.CltTime or OptionCode.LqBaseTime;
            if (!always && !configuration.SensitiveOptions.Contains(code) && !requested.Contains(code))
                requested.Add(code);
        }

        return requested;
    }
}
