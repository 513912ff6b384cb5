using Lease.Host.Configuration;
using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Commands;

/// <summary>Reads what <c>lease query</c> is to ask from its words.</summary>
internal static class QueryValue
{
    public static readonly string[] Kinds = ["by-address", "by-client-id", "by-prefix", "by-link", "by-relay-id", "by-remote-id", "by-device-id", "all"];

    /// <summary>Makes the query of <paramref name="kind"/> and <paramref name="value"/>.</summary>
    public static bool TryRead(string kind, string? value, out LeasequeryRequest request, out string problem)
    {
        request = LeasequeryRequest.ByLink(default);
        problem = "";
        if (kind == "all" || (kind == "by-link" && value == "all"))
            return true;
        switch (kind)
        {
            case "by-address" when Ipv6Address.TryParse(value, out var address):
                request = LeasequeryRequest.ByAddress(address);
                return true;
            case "by-prefix" when Ipv6Prefix.TryParse(value, out var prefix):
                request = LeasequeryRequest.ByPrefix(prefix);
                return true;
            case "by-link" when Ipv6Address.TryParse(value, out var link):
                request = LeasequeryRequest.ByLink(link);
                return true;
            case "by-client-id" when TryReadOctets(value, out var duid):
                request = LeasequeryRequest.ByClientId(duid);
                return true;
            case "by-relay-id" when TryReadOctets(value, out var relay):
                request = LeasequeryRequest.ByRelayId(relay);
                return true;
            case "by-remote-id" when TryReadRemoteId(value, out var remote):
                request = LeasequeryRequest.ByRemoteId(remote);
                return true;
            case "by-device-id" when TryReadDeviceId(value, out var device):
                request = LeasequeryRequest.ByDeviceId(device);
                return true;
            default:
                problem = $"{kind} {value}: {AllowedFor(kind)}";
                return false;
        }
    }

    /// <summary>Reads <c>--option</c>: numbers or names.</summary>
    public static bool TryReadOptions(IEnumerable<string> texts, out IReadOnlyList<OptionCode> codes, out string problem)
    {
        var found = new List<OptionCode>();
        codes = found;
        problem = "";
        foreach (var text in texts)
        {
            if (ushort.TryParse(text, out var number) && number > 0)
                found.Add((OptionCode)number);
            else if (StandardOptions.All.FirstOrDefault(o => o.Space == StandardOptions.Dhcp6 && o.Name == text) is { } standard)
                found.Add((OptionCode)standard.Code);
            else if (Enum.GetValues<OptionCode>().FirstOrDefault(c => NameOf(c) == text) is not OptionCode.None and var named)
                found.Add(named);
            else
                problem = $"--option {text} is neither an option's number nor its name (such as remote-id, interface-id, lq-relay-data)";
        }

        return problem.Length == 0;
    }

    private static string NameOf(OptionCode code) => OptionRegistry.NameOf(code).Replace('_', '-').ToLowerInvariant();

    private static string AllowedFor(string kind) => kind switch
    {
        "by-address" => "must be an IPv6 address",
        "by-prefix" => "must be a prefix, such as 2001:db8:1::/64",
        "by-link" => "must be an address on the link, or :: for all",
        "by-remote-id" => "must be ENTERPRISE:HEX, such as 9:706f7274",
        "by-device-id" => "must be a link-layer address, such as 02:00:00:00:00:01, or TYPE/ADDRESS with the hardware type",
        _ => "must be octets in hexadecimal, such as 00:03:00:01:02:00:00:00:00:01",
    };

    private static bool TryReadOctets(string? text, out byte[] octets)
    {
        octets = [];
        var digits = text?.Replace(":", "", StringComparison.Ordinal) ?? "";
        if (digits.Length == 0 || digits.Length % 2 != 0 || !digits.All(char.IsAsciiHexDigit))
            return false;
        octets = Convert.FromHexString(digits);
        return true;
    }

    private static bool TryReadRemoteId(string? text, out byte[] remoteId)
    {
        remoteId = [];
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (colon < 0 || !uint.TryParse(text![..colon], out var enterprise) || !TryReadOctets(text[(colon + 1)..], out var id))
            return false;
        remoteId = [(byte)(enterprise >> 24), (byte)(enterprise >> 16), (byte)(enterprise >> 8), (byte)enterprise, .. id];
        return true;
    }

    private static bool TryReadDeviceId(string? text, out byte[] deviceId)
    {
        deviceId = [];
        ushort type = 1;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash >= 0 && !ushort.TryParse(text![..slash], out type))
            return false;
        if (!TryReadOctets(text?[(slash + 1)..], out var address))
            return false;
        deviceId = [(byte)(type >> 8), (byte)type, .. address];
        return true;
    }
}
