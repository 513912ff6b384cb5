using System.Net;
using Lease.Actors.Configuration;

namespace Lease.Host.Configuration;

/// <summary>This node: <c>Lease.node</c>.</summary>
/// <param name="Id">Its name in the cluster, under which it owns shards.</param>
/// <param name="Link">Where other nodes reach it; null when it has no links.</param>
internal sealed record NodeConfiguration(string Id, NodeLinkConfiguration? Link)
{
    /// <summary>Whether <c>lease serve</c> serves simulated clients before it serves others.</summary>
    public bool Rehearses { get; init; } = true;
}

/// <summary>The links between this node and others.</summary>
/// <param name="Address">Where it listens, and what the others are told.</param>
/// <param name="Tls">Its certificate, and who signed those of the others.</param>
internal sealed record NodeLinkConfiguration(IPEndPoint Address, TlsFileNames Tls);

/// <summary>Where everything is kept: <c>Lease.storage</c>.</summary>
/// <param name="PostgresConnection">A connection string of Npgsql's; null for a SQLite file in the folder of <c>--data</c>.</param>
/// <param name="Shards">Of a new store; an existing one keeps its number.</param>
internal sealed record StorageConfiguration(string? PostgresConnection, int Shards)
{
    /// <summary>
    /// On PostgreSQL: the cluster whose database it must be; null: whichever is there, and a new one where there is none.
    /// </summary>
    public Guid? ClusterId { get; init; }

    /// <summary>On SQLite: time that may have passed since the last commit at a start; after more the log says so.</summary>
    public TimeSpan MaxClockGap { get; init; } = TimeSpan.FromDays(1);
}
