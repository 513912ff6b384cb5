using Lease.Actors.Configuration;

namespace Lease.Actors.Classification;

/// <summary>A client class: an entry of <c>client-classes</c>, or one that is only named: by a reservation, a guard or another class. Its name is its identity.</summary>
/// <param name="name">Its name.</param>
public sealed class ClientClass(string name)
{
    /// <summary>Every packet is in it.</summary>
    public const string All = "ALL";

    /// <summary>Clients with a reservation.</summary>
    public const string Known = "KNOWN";

    /// <summary>Clients without a reservation.</summary>
    public const string Unknown = "UNKNOWN";

    /// <summary>BOOTP clients, where they are served.</summary>
    public const string Bootp = "BOOTP";

    /// <summary>Its packets are dropped.</summary>
    public const string Drop = "DROP";

    /// <summary>What the names of the classes begin with that vendor classes make.</summary>
    public const string VendorPrefix = "VENDOR_CLASS_";

    /// <summary>What the names of the classes begin with that templates make.</summary>
    public const string SpawnPrefix = "SPAWN_";

    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Who is in it (<c>test</c>); null: nobody by an expression.</summary>
    public Condition? Test { get; init; }

    /// <summary>Makes a class for each of its values (<c>template-test</c>); null for none.</summary>
    public Value? Template { get; init; }

    /// <summary>What the names of those classes begin with: <c>SPAWN_NAME_</c>.</summary>
    public string Spawned { get; } = $"{SpawnPrefix}{name}_";

    /// <summary>Whether it is evaluated only where a network, subnet or pool requires it (<c>only-if-required</c>).</summary>
    public bool OnlyIfRequired { get; init; }

    /// <summary>Whether it depends on KNOWN or UNKNOWN, and so is evaluated when the client's reservation has been looked up.</summary>
    public bool AwaitsReservation { get; init; }

    /// <summary>Options of its members: more specific than the global ones, less than those of a shared network.</summary>
    public OptionSet Options { get; init; } = OptionSet.Empty;

    /// <summary>Preferred lifetimes of its members; null: as elsewhere.</summary>
    public LifetimeRange? Preferred { get; init; }

    /// <summary>Valid lifetimes of its members; null: as elsewhere.</summary>
    public LifetimeRange? Valid { get; init; }

    /// <summary>DHCPv4: siaddr, sname and file for its members.</summary>
    public BootFields Boot { get; init; } = BootFields.Empty;
}

/// <summary>A lifetime in seconds with the bounds of what a hint can get.</summary>
/// <param name="Least">Least that a hint can get.</param>
/// <param name="Usual">Without a hint.</param>
/// <param name="Most">Most that a hint can get.</param>
public sealed record LifetimeRange(uint Least, uint Usual, uint Most);
