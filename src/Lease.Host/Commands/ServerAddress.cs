using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Lease.Host.Commands;

/// <summary>Reads <c>ADDRESS</c>, <c>[ADDRESS]:PORT</c> or <c>multicast</c> with an interface.</summary>
internal static class ServerAddress
{
    public static bool TryParse(string text, string? interfaceName, int defaultPort, out IPEndPoint server, out string problem)
    {
        server = new IPEndPoint(IPAddress.IPv6Loopback, defaultPort);
        problem = "";
        var scope = 0;
        if (interfaceName is not null && !TryFindInterface(interfaceName, out scope))
        {
            problem = $"there is no interface {interfaceName}";
            return false;
        }

        if (text == "multicast")
        {
            problem = scope == 0 ? "multicast needs --interface" : "";
            server = new IPEndPoint(new IPAddress(IPAddress.Parse("ff02::1:2").GetAddressBytes(), scope), defaultPort);
            return scope != 0;
        }

        if (!IPEndPoint.TryParse(text, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6)
        {
            problem = $"{text} is no server: must be an IPv6 address, [ADDRESS]:PORT, or multicast";
            return false;
        }

        if (parsed.Port == 0)
            parsed.Port = defaultPort;
        if (parsed.Address.ScopeId == 0 && scope != 0)
            parsed.Address.ScopeId = scope;
        server = parsed;
        return true;
    }

    private static bool TryFindInterface(string name, out int index)
    {
        var found = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(i => i.Name == name);
        index = found?.GetIPProperties().GetIPv6Properties().Index ?? 0;
        return found is not null;
    }
}
