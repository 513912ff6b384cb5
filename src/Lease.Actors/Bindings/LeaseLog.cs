using Lease.Actors.Classification;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Protocol;
using Microsoft.Extensions.Logging;

namespace Lease.Actors.Bindings;

/// <summary>One line for each lease event: what happened, link, client, address or prefix, why.</summary>
internal static partial class LeaseLog
{
    /// <summary>Logs what a commit changed.</summary>
    public static void LogChanges(this ILogger logger, string client, Binding? before, Binding after, ReadOnlySpan<LeaseChange> changes, string cause)
    {
        foreach (var change in changes)
        {
            if (Ipv4Data.IsTunnelKey(change.Key))
                continue;
            var lease = after.Leases.LastOrDefault(l => l.Key == change.Key);
            logger.LeaseChanged(WordOf(lease, before, change), after.Link, client, TextOf(change.Key), lease?.Iaid ?? 0, LifetimeOf(lease), cause);
        }
    }

    [LoggerMessage(3001, LogLevel.Information, "{Event} link={Link} client={Client} lease={Lease} iaid={Iaid} valid={Valid} cause={Cause}")]
    public static partial void LeaseChanged(this ILogger logger, string @event, string link, string client, string lease, uint iaid, string valid, string cause);

    [LoggerMessage(3002, LogLevel.Debug, "offered link={Link} client={Client} lease={Lease}")]
    public static partial void Offered(this ILogger logger, string link, string client, string lease);

    [LoggerMessage(3010, LogLevel.Debug, "classes link={Link} client={Client} cause={Cause}: {Classes}")]
    public static partial void Classified(this ILogger logger, string link, string client, string cause, AssignedClasses classes);

    [LoggerMessage(3009, LogLevel.Debug, "no answer link={Link} client={Client} cause={Cause}: the database has not heard of this node for too long, the client may be another node's by now")]
    public static partial void Uncertain(this ILogger logger, string link, string client, string cause);

    [LoggerMessage(3003, LogLevel.Warning, "no answer link={Link} client={Client} cause={Cause}: {Reason}")]
    public static partial void NotAnswered(this ILogger logger, string link, ClientText client, string cause, string reason);

    [LoggerMessage(3006, LogLevel.Warning, "conflict link={Link} client={Client} lease={Lease}: another client holds it")]
    public static partial void Conflict(this ILogger logger, string link, ClientText client, string lease);

    [LoggerMessage(3007, LogLevel.Warning, "no free lease link={Link} client={Client} status={Status}")]
    public static partial void NothingFree(this ILogger logger, string link, ClientText client, Enum status);

    [LoggerMessage(3008, LogLevel.Error, "looking for ended leases failed: {Reason}")]
    public static partial void ExpiryFailed(this ILogger logger, string reason);

    /// <summary>An address, a prefix, an IPv4 address, or an IPv4 address with its port set (<c>192.0.2.1 psid 5/8</c>).</summary>
    public static string TextOf(LeaseKey key)
    {
        if (PortSet.TryAddress(key, out var ipv4))
            return PortSet.TryOf(key, out var ports) ? $"{ipv4} psid {ports.Psid}/{ports.PsidLength}" : ipv4.ToString();
        return key.Length == 128 ? new Ipv6Address(key.Address).ToString() : key.ToPrefix().ToString();
    }

    private static string WordOf(BoundLease? lease, Binding? before, LeaseChange change) => (change.State, lease?.Phase) switch
    {
        (LeaseState.Active, _) => before?.Leases.Any(l => l.Key == change.Key && l.Phase == LeasePhase.Active) == true ? "renewed" : "granted",
        (LeaseState.Declined, _) => "declined",
        (_, LeasePhase.Released) => "released",
        (_, LeasePhase.Expired) => "expired",
        _ => "forgotten",
    };

    private static string LifetimeOf(BoundLease? lease) => lease switch
    {
        { Phase: LeasePhase.Active, Valid: BoundLease.Infinity } => "infinite",
        { Phase: LeasePhase.Active } => $"{lease.Valid}s",
        _ => "0s",
    };
}

/// <summary>A client in a line of the log: what is made a text only if the line is written.</summary>
internal readonly struct ClientText(EntityKey key)
{
    /// <inheritdoc/>
    public override string ToString() => BindingKey.ClientTextOf(key.Bytes);
}
