using System.Collections.Immutable;
using Lease.Actors.Configuration;

namespace Lease.Actors.Classification;

/// <summary>The classes of a packet, in the order in which they were assigned: of what several of them set, the first counts.</summary>
public sealed class AssignedClasses
{
    // Most packets are in few classes: looking through them costs less than an index.
    private readonly List<ClientClass> classes = new(4);

    /// <summary>How many there are.</summary>
    public int Count => classes.Count;

    /// <summary>One of them.</summary>
    public ClientClass this[int index] => classes[index];

    /// <summary>Adds a class, once.</summary>
    public void Add(ClientClass assigned)
    {
        if (!Contains(assigned))
            classes.Add(assigned);
    }

    /// <summary>Takes all away.</summary>
    public void Clear() => classes.Clear();

    /// <summary>Whether the packet is in a class of this name.</summary>
    public bool Contains(ClientClass candidate)
    {
        foreach (var assigned in classes)
        {
            if (assigned.Name == candidate.Name)
                return true;
        }

        return false;
    }

    /// <summary>Whether the packet is in one of these.</summary>
    public bool ContainsAny(ImmutableArray<ClientClass> candidates)
    {
        foreach (var candidate in candidates)
        {
            if (Contains(candidate))
                return true;
        }

        return false;
    }

    /// <summary>The lifetimes that the classes set, and where they set none those of the subnet: for lifetimes, unlike for options, Kea takes the class first.</summary>
    public Lifetimes Over(Lifetimes subnet)
    {
        LifetimeRange? preferred = null;
        LifetimeRange? valid = null;
        foreach (var assigned in classes)
        {
            preferred ??= assigned.Preferred;
            valid ??= assigned.Valid;
        }

        if (preferred is not null)
            subnet = subnet with { MinPreferred = preferred.Least, Preferred = preferred.Usual, MaxPreferred = preferred.Most };
        return valid is null ? subnet : subnet with { MinValid = valid.Least, Valid = valid.Usual, MaxValid = valid.Most };
    }

    /// <summary>siaddr, sname and file that the classes set, and what they do not set from the subnet: as for lifetimes.</summary>
    public BootFields Over(BootFields subnet)
    {
        var boot = BootFields.Empty;
        foreach (var assigned in classes)
        {
            if (assigned.Boot != BootFields.Empty)
                boot = boot.Over(assigned.Boot);
        }

        return boot.Over(subnet);
    }

    /// <summary>The names, for logs.</summary>
    public override string ToString() => string.Join(", ", classes.Select(static c => c.Name));
}
