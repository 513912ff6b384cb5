using Lease.Host.Configuration;
using Lease.Peers.Leasequery;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Commands;

/// <summary>Reads what <c>lease query</c> is to ask from its words.</summary>
internal static class QueryValue
{
    public static readonly string[] Kinds = ["by-address", "by-client-id", "by-prefix", "by-link", "by-relay-id", "by-remote-id", "by-device-id", "all"];

    /// <summary>Makes the query of <paramref name="kind"/> and <paramref name="value"/>.</summary>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="value">What is looked for.</param>
    /// <param name="isIpv4">Whether DHCPv4 leases are asked for; an IPv4 address says so itself.</param>
    /// <param name="request">The query.</param>
    /// <param name="problem">What is wrong.</param>
    public static bool TryRead(string kind, string? value, bool isIpv4, out LeasequeryRequest request, out string problem)
    {
        request = LeasequeryRequest.ByLink(default);
        problem = "";
        if (isIpv4 || (kind == "by-address" && Ipv4Address.TryParse(value, out _)))
            return TryReadIpv4(kind, value, out request, out problem);
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

    /// <summary>Reads <c>--parameter</c>: numbers or Kea's names.</summary>
    public static bool TryReadParameters(IEnumerable<string> texts, out IReadOnlyList<Dhcp4OptionCode> codes, out string problem)
    {
        var found = new List<Dhcp4OptionCode>();
        codes = found;
        problem = "";
        foreach (var text in texts)
        {
            if (byte.TryParse(text, out var number) && number is > 0 and < 255)
                found.Add((Dhcp4OptionCode)number);
            else if (Enum.GetValues<Dhcp4OptionCode>().FirstOrDefault(c => Dhcp4OptionRegistry.NameOf(c) == text) is not Dhcp4OptionCode.Pad and var named)
                found.Add(named);
            else
                problem = $"--parameter {text} is neither a DHCPv4 option's number nor its name (such as v4-portparams, dhcp4o6-s46-saddr)";
        }

        return problem.Length == 0;
    }

    private static bool TryReadIpv4(string kind, string? value, out LeasequeryRequest request, out string problem)
    {
        problem = "";
        request = LeasequeryRequest.ForIpv4(new Ipv4Query());
        switch (kind)
        {
            case "all":
                return true;
            case "by-address" when Ipv4Address.TryParse(value, out var address):
                request = LeasequeryRequest.ForIpv4(new Ipv4Query { Address = address });
                return true;
            case "by-client-id" when TryReadOctets(value, out var clientId):
                request = LeasequeryRequest.ForIpv4(new Ipv4Query { ClientId = clientId });
                return true;
            case "by-relay-id" when TryReadOctets(value, out var relay):
                request = LeasequeryRequest.ForIpv4(new Ipv4Query { RelayId = relay });
                return true;
            case "by-remote-id" when TryReadRemoteId(value, out var remote) || TryReadOctets(value, out remote):
                request = LeasequeryRequest.ForIpv4(new Ipv4Query { RemoteId = remote });
                return true;
            case "by-device-id" when TryReadOctets(value, out var hardware) && hardware.Length <= Dhcp4Message.HardwareAddressSize:
                request = LeasequeryRequest.ForIpv4(new Ipv4Query { HardwareAddress = hardware });
                return true;
            default:
                problem = kind is "by-prefix" or "by-link" ? $"{kind} is no query about DHCPv4 leases" : $"{kind} {value}: {AllowedFor(kind).Replace("IPv6", "IPv4", StringComparison.Ordinal)}";
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
