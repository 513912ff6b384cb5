using System.Collections.Immutable;
using System.Text;
using Lease.Actors.Configuration;

namespace Lease.Actors.Classification;

/// <summary>
/// Finds the classes of packets in Kea's order: ALL, the vendor's class, what does not depend on KNOWN or UNKNOWN; then a subnet is selected and the reservation looked up; then KNOWN or
/// UNKNOWN and what depends on them; and when leases are decided, what their network, subnet and pools require. Within each in the order of the file. A reservation's classes come behind the
/// vendor's, and as others may depend on them these are evaluated again.
/// </summary>
public sealed class Classifier
{
    private const int Room = 256;
    private const int MaxName = 256;

    private readonly Dictionary<string, ClientClass> byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ClientClass>.AlternateLookup<ReadOnlySpan<char>> byText;
    private readonly ClientClass[] early;
    private readonly ClientClass[] late;
    private readonly ClientClass all;
    private readonly ClientClass known;
    private readonly ClientClass unknown;
    private readonly ClientClass drop;
    private readonly ClientClass? bootp;
    private readonly bool namesVendors;

    /// <summary>Takes the classes of a service: the defined ones in the order of the file, then those that are only named.</summary>
    public Classifier(IEnumerable<ClientClass> classes)
    {
        var evaluated = new List<ClientClass>();
        foreach (var named in classes)
        {
            byName.Add(named.Name, named);
            if ((named.Test is not null || named.Template is not null) && !named.OnlyIfRequired)
                evaluated.Add(named);
        }

        byText = byName.GetAlternateLookup<ReadOnlySpan<char>>();
        early = [.. evaluated.Where(static c => !c.AwaitsReservation)];
        late = [.. evaluated.Where(static c => c.AwaitsReservation)];
        all = Find(ClientClass.All);
        known = Find(ClientClass.Known);
        unknown = Find(ClientClass.Unknown);
        drop = Find(ClientClass.Drop);
        bootp = byName.GetValueOrDefault(ClientClass.Bootp);
        namesVendors = byName.Keys.Any(static n => n.StartsWith(ClientClass.VendorPrefix, StringComparison.Ordinal));
    }

    /// <summary>The classes that a packet has before its subnet is known.</summary>
    public AssignedClasses Classify(PacketView packet)
    {
        var classes = new AssignedClasses();
        Begin(packet, classes, reserved: []);
        return classes;
    }

    /// <summary>Adds what follows from the client's reservation.</summary>
    public void AddReserved(PacketView packet, AssignedClasses classes, Reservation? reservation)
    {
        if (reservation is { Classes: { IsEmpty: false } reserved })
            Begin(packet, classes, reserved);
        classes.Add(reservation is null ? unknown : known);
        foreach (var candidate in late)
            Evaluate(candidate, packet, classes);
    }

    /// <summary>Adds those of <paramref name="required"/> whose expression holds.</summary>
    public void AddRequired(PacketView packet, AssignedClasses classes, ImmutableArray<ClientClass> required)
    {
        foreach (var candidate in required)
            Evaluate(candidate, packet, classes);
    }

    /// <summary>Whether the packet is to be dropped.</summary>
    public bool Drops(AssignedClasses classes) => classes.Contains(drop);

    private void Begin(PacketView packet, AssignedClasses classes, ImmutableArray<ClientClass> reserved)
    {
        classes.Clear();
        classes.Add(all);
        if (bootp is not null && packet.IsBootp)
            classes.Add(bootp);
        if (namesVendors && packet.TryGetVendorClass(out var vendor))
            AddNamed(ClientClass.VendorPrefix, vendor, classes);
        foreach (var named in reserved)
            classes.Add(named);
        foreach (var candidate in early)
            Evaluate(candidate, packet, classes);
    }

    private ClientClass Find(string name) => byName.GetValueOrDefault(name) ?? new ClientClass(name);

    private void Evaluate(ClientClass candidate, PacketView packet, AssignedClasses classes)
    {
        var evaluation = new Evaluation(packet, classes, stackalloc byte[Room]);
        if (candidate.Test is { } test)
        {
            if (test.IsTrue(ref evaluation) && !evaluation.HasFailed)
                classes.Add(candidate);
            return;
        }

        if (candidate.Template is not { } template)
            return;
        var value = template.Of(ref evaluation);
        if (value.IsEmpty || evaluation.HasFailed)
            return;
        AddNamed(candidate.Spawned, value, classes);
        classes.Add(candidate);
    }

    // A class that nothing names makes no difference, so only those of the configuration are looked for.
    private void AddNamed(string prefix, ReadOnlySpan<byte> octets, AssignedClasses classes)
    {
        Span<char> name = stackalloc char[MaxName];
        if (prefix.Length >= name.Length)
            return;
        prefix.CopyTo(name);
        if (Encoding.UTF8.TryGetChars(octets, name[prefix.Length..], out var length) && byText.TryGetValue(name[..(prefix.Length + length)], out var named))
            classes.Add(named);
    }
}
