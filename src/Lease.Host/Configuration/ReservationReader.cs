using Lease.Actors.Configuration;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>reservations</c>.</summary>
internal sealed class ReservationReader(OptionDataReader options)
{
    public ReservationTable Read(ConfigurationNode parent, Ipv6Prefix? subnet)
    {
        var reservations = new List<Reservation>();
        var identifiers = new HashSet<string>(StringComparer.Ordinal);
        var units = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in parent.Objects("reservations"))
        {
            if (ReadOne(node, subnet) is not { } reservation)
                continue;
            if (!identifiers.Add($"{reservation.Kind}:{Convert.ToHexString(reservation.Identifier)}"))
                node.Error("another reservation at this level has the same identifier");
            foreach (var unit in reservation.Addresses.Select(static a => a.ToString()).Concat(reservation.Prefixes.Select(static p => p.ToString())))
            {
                if (!units.Add(unit))
                    node.Error($"{unit} is reserved twice at this level");
            }

            reservations.Add(reservation);
        }

        return new ReservationTable(reservations);
    }

    private Reservation? ReadOne(ConfigurationNode node, Ipv6Prefix? subnet)
    {
        var duid = node.Text("duid");
        var hardware = node.Text("hw-address");
        var addresses = ReadAddresses(node, subnet);
        var (prefixes, excluded) = ReadPrefixes(node);
        var hostname = node.Text("hostname") is { Length: > 0 } name ? name : null;
        var set = options.Read(node);
        node.WithoutEffect("has no effect: client classes are not served yet", "client-classes");
        node.WithoutEffect("identifies nobody here: use duid or hw-address", "flex-id");
        node.RefuseUnknown();
        if (!string.IsNullOrEmpty(hostname) && !DomainName.TryEncode(hostname, out _))
            node.Wrong("hostname", "a domain name");
        if (duid is null && hardware is null && node.Has("flex-id"))
            return null;
        if ((duid is null) == (hardware is null))
        {
            node.Error("needs either duid or hw-address");
            return null;
        }

        if (!Duid.TryParse(duid ?? hardware!, out var identifier) || identifier.Length > Duid.MaxLength)
        {
            node.Wrong(duid is null ? "hw-address" : "duid", "octets in hexadecimal with colons");
            return null;
        }

        if (addresses.Count == 0 && prefixes.Count == 0 && string.IsNullOrEmpty(hostname) && !node.Has("option-data"))
            node.Warn("reserves nothing: neither addresses, prefixes, a hostname nor options");
        return new Reservation
        {
            Kind = duid is null ? ReservationIdentifier.HardwareAddress : ReservationIdentifier.Duid,
            Identifier = identifier,
            Addresses = addresses,
            Prefixes = prefixes,
            ExcludedPrefixes = excluded,
            Hostname = string.IsNullOrEmpty(hostname) ? null : hostname,
            Options = set,
        };
    }

    private static List<Ipv6Address> ReadAddresses(ConfigurationNode node, Ipv6Prefix? subnet)
    {
        var addresses = new List<Ipv6Address>();
        foreach (var text in node.Texts("ip-addresses"))
        {
            if (!Ipv6Address.TryParse(text, out var address))
                node.Error("ip-addresses", $"\"{text}\" is no IPv6 address");
            else if (subnet is { } within && !within.Contains(address))
                node.Error("ip-addresses", $"{address} is not within the subnet {within}");
            else
                addresses.Add(address);
        }

        return addresses;
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
