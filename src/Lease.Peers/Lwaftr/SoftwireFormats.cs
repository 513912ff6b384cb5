using System.Text;
using System.Text.Json;
using Lease.Protocol;

namespace Lease.Peers.Lwaftr;

/// <summary>Writes a binding table in the forms that lwAFTRs read.</summary>
public static class SoftwireFormats
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Comma-separated values, with a line of names.</summary>
    public static string Csv(IReadOnlyList<Softwire> table)
    {
        var text = new StringBuilder("ipv4-address,psid,psid-length,offset,ipv6-address\n");
        foreach (var (address, ports, source) in table)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{address},{ports.Psid},{ports.PsidLength},{ports.Offset},{source}\n");
        return text.ToString();
    }

    /// <summary>The module ietf-softwire-br of RFC 8676 section 5.2, as JSON (RFC 7951).</summary>
    /// <param name="table">The entries.</param>
    /// <param name="instance">Name of the binding instance.</param>
    /// <param name="br">The lwAFTR's own tunnel address; null: not said.</param>
    public static string IetfSoftwire(IReadOnlyList<Softwire> table, string instance, Ipv6Address? br)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("ietf-softwire-br:br-instances");
            writer.WriteStartObject("binding");
            writer.WriteStartArray("bind-instance");
            writer.WriteStartObject();
            writer.WriteString("name", instance);
            writer.WriteStartObject("binding-table");
            writer.WriteStartArray("binding-entry");
            foreach (var (address, ports, source) in table)
            {
                writer.WriteStartObject();
                writer.WriteString("binding-ipv6info", source.ToString());
                writer.WriteString("binding-ipv4-addr", address.ToString());
                writer.WriteStartObject("port-set");
                writer.WriteNumber("psid-offset", ports.Offset);
                writer.WriteNumber("psid-len", ports.PsidLength);
                writer.WriteNumber("psid", ports.Psid);
                writer.WriteEndObject();
                if (br is { } own)
                    writer.WriteString("br-ipv6-addr", own.ToString());
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    /// <summary>The binding table of Snabb's lwAFTR (its module snabb-softwire-v3), as its configuration is written.</summary>
    /// <param name="table">The entries.</param>
    /// <param name="br">The lwAFTR's own tunnel address.</param>
    public static string Snabb(IReadOnlyList<Softwire> table, Ipv6Address br)
    {
        var text = new StringBuilder("binding-table {\n");
        foreach (var (address, ports, source) in table)
        {
            text.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $"  softwire {{ ipv4 {address}; psid {ports.Psid}; b4-ipv6 {source}; br-address {br}; port-set {{ psid-length {ports.PsidLength}; reserved-ports-bit-count {ports.Offset}; }} }}\n");
        }

        return text.Append("}\n").ToString();
    }
}
