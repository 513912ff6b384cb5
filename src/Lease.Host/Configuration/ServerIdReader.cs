using Lease.Protocol.Dhcp6;

namespace Lease.Host.Configuration;

/// <summary>Reads <c>server-id</c>. As in Kea, what is left out or 0 is chosen once and kept; a configured whole DUID needs identifier (and for LLT the time).</summary>
internal static class ServerIdReader
{
    private const ushort Ethernet = 1;

    // Kea's default, so that a server that takes over from Kea keeps its identity.
    private const uint KeasEnterprise = 2495;

    // DUID times count from here (RFC 8415 section 11.2).
    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The DUID; null when the one of the store is to be used.</summary>
    public static byte[]? Read(ConfigurationNode node)
    {
        var type = node.Choice("type", "LLT", "EN", "LL", "UUID") ?? "LLT";
        var identifier = node.Text("identifier") is { Length: > 0 } text ? Octets(node, text) : null;
        var hardwareType = (ushort)(node.Number("htype", 0, ushort.MaxValue) ?? 0);
        var time = node.Number("time") ?? 0;
        var enterprise = node.Number("enterprise-id") is { } number and > 0 ? number : KeasEnterprise;
        node.Flag("persist");
        node.RefuseUnknown();
        if (identifier is null)
            return null;
        hardwareType = hardwareType == 0 ? Ethernet : hardwareType;
        switch (type)
        {
            case "LLT" when time > 0:
                return Duid.MakeLinkLayerTime(hardwareType, Epoch.AddSeconds(time), identifier);
            case "LLT":
                node.Error("time", "a DUID-LLT with an identifier needs its time, or it would change at every start");
                return null;
            case "EN":
                return Duid.MakeEnterprise(enterprise, identifier);
            case "LL":
                return Duid.MakeLinkLayer(hardwareType, identifier);
            default:
                if (identifier.Length == 16)
                    return Duid.MakeUuid(new Guid(identifier, bigEndian: true));
                node.Error("identifier", "a DUID-UUID has 16 octets");
                return null;
        }
    }

    private static byte[]? Octets(ConfigurationNode node, string text)
    {
        if (Duid.TryParse(text, out var octets) && octets.Length <= Duid.MaxLength - 8)
            return octets;
        node.Wrong("identifier", "octets in hexadecimal");
        return null;
    }
}
