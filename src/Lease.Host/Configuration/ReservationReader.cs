using Lease.Actors.Configuration;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>reservations</c>.</summary>
internal sealed class ReservationReader(OptionDataReader options, ClassRegistry classes, IpFamily family, AddressSpace space)
{
    private static readonly (string Key, ReservationIdentifier Kind, bool InDhcp6)[] Identifiers =
    [
        ("duid", ReservationIdentifier.Duid, true),
        ("hw-address", ReservationIdentifier.HardwareAddress, true),
        ("client-id", ReservationIdentifier.ClientId, false),
        ("circuit-id", ReservationIdentifier.CircuitId, false),
    ];

    private string Allowed => string.Join(", ", Identifiers.Where(i => family == IpFamily.Ipv4 || i.InDhcp6).Select(static i => i.Key));

    public ReservationTable Read(ConfigurationNode parent, Ipv6Prefix? subnet)
    {
        var reservations = new List<Reservation>();
        var identifiers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in parent.Objects("reservations"))
        {
            if (ReadOne(node, subnet) is not { } reservation)
                continue;
            if (!identifiers.Add($"{reservation.Kind}:{Convert.ToHexString(reservation.Identifier)}"))
                node.Error("another reservation at this level has the same identifier");
            space.AddReservation(node, reservation);
            reservations.Add(reservation);
        }

        return new ReservationTable(reservations);
    }

    private Reservation? ReadOne(ConfigurationNode node, Ipv6Prefix? subnet)
    {
        var given = Identifiers.Where(i => node.Has(i.Key) && (family == IpFamily.Ipv4 || i.InDhcp6)).ToList();
        var addresses = ReadAddresses(node, subnet);
        var (prefixes, excluded) = family == IpFamily.Ipv6 ? ReadPrefixes(node) : ([], []);
        var boot = family == IpFamily.Ipv4 ? Dhcp4Level.ReadBoot(node) : BootFields.Empty;
        var hostname = node.Text("hostname") is { Length: > 0 } name ? name : null;
        var set = options.Read(node);
        var reserved = classes.ReadReserved(node);
        node.WithoutEffect($"identifies nobody here: use {Allowed}", "flex-id");
        node.RefuseUnknown();
        if (!string.IsNullOrEmpty(hostname) && !DomainName.TryEncode(hostname, out _))
            node.Wrong("hostname", "a domain name");
        if (given.Count == 0 && node.Has("flex-id"))
            return null;
        if (given.Count != 1)
        {
            node.Error($"needs one of {Allowed}");
            return null;
        }

        var (key, kind, _) = given[0];
        if (!TryIdentifier(node.Text(key) ?? "", kind, out var identifier))
        {
            node.Wrong(key, "octets in hexadecimal with colons");
            return null;
        }

        if (addresses.Count == 0 && prefixes.Count == 0 && string.IsNullOrEmpty(hostname) && !node.Has("option-data") && reserved.IsEmpty)
            node.Warn("reserves nothing: neither addresses, prefixes, a hostname, options nor classes");
        return new Reservation
        {
            Kind = kind,
            Identifier = identifier,
            Addresses = addresses,
            Prefixes = prefixes,
            ExcludedPrefixes = excluded,
            Hostname = string.IsNullOrEmpty(hostname) ? null : hostname,
            Options = set,
            Boot = boot,
            Classes = reserved,
        };
    }

    private List<Ipv6Address> ReadAddresses(ConfigurationNode node, Ipv6Prefix? subnet)
    {
        var addresses = new List<Ipv6Address>();
        var key = family == IpFamily.Ipv4 ? "ip-address" : "ip-addresses";
        foreach (var text in family == IpFamily.Ipv4 ? [.. new[] { node.Text(key) }.OfType<string>()] : node.Texts(key))
        {
            if (!family.TryParse(text, out Ipv6Address address))
                node.Error(key, $"\"{text}\" is no {family.Name} address");
            else if (subnet is { } within && !within.Contains(address))
                node.Error(key, $"{text} is not within the subnet {family.Text(within)}");
            else
                addresses.Add(address);
        }

        return addresses;
    }

    // As in Kea: a circuit-id may be a text in single quotes.
    private static bool TryIdentifier(string text, ReservationIdentifier kind, out byte[] identifier)
    {
        if (kind == ReservationIdentifier.CircuitId && text is ['\'', _, .., '\''])
        {
            identifier = System.Text.Encoding.UTF8.GetBytes(text[1..^1]);
            return true;
        }

        return Duid.TryParse(text, out identifier!) && identifier.Length <= (kind == ReservationIdentifier.Duid ? Duid.MaxLength : byte.MaxValue);
    }

    private static (List<Ipv6Prefix> Prefixes, List<ExcludedPrefix?> Excluded) ReadPrefixes(ConfigurationNode node)
    {
        var prefixes = new List<Ipv6Prefix>();
        foreach (var text in node.Texts("prefixes"))
        {
            if (!Ipv6Prefix.TryParse(text, out var prefix) || prefix.Network != prefix || prefix.Length == 0)
                node.Error("prefixes", $"\"{text}\" is no prefix: must be ADDRESS/LENGTH without bits after the length");
            else
                prefixes.Add(prefix);
        }

        var excluded = new List<ExcludedPrefix?>();
        foreach (var text in node.Texts("excluded-prefixes"))
        {
            if (text.Length == 0)
                excluded.Add(null);
            else if (!Ipv6Prefix.TryParse(text, out var prefix) || excluded.Count >= prefixes.Count)
                node.Error("excluded-prefixes", $"\"{text}\" must be a prefix that stands at the place of one in prefixes, or an empty text");
            else
                excluded.Add(PoolReader.ReadExcluded(node, prefix.Address, prefix.Length, prefixes[excluded.Count], prefixes[excluded.Count].Length));
        }

        return (prefixes, excluded);
    }
}
