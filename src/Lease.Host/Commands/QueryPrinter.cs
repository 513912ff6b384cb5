using System.Text.Json;
using Lease.Peers.Leasequery;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Host.Commands;

/// <summary>Prints what a query brought: lines for people, or a JSON object a line. Progress goes to stderr.</summary>
/// <param name="json">Whether programs read it.</param>
/// <param name="quiet">Whether only the count matters.</param>
internal sealed class QueryPrinter(bool json, bool quiet)
{
    private static readonly JsonWriterOptions OneLine = new() { SkipValidation = true };

    private readonly StreamWriter output = new(Console.OpenStandardOutput(), bufferSize: 1 << 16);
    private readonly long began = TimeProvider.System.GetTimestamp();
    private long clients;
    private long leases;
    private bool headed;

    /// <summary>Prints a client.</summary>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    public void Print(ClientData client, uint? baseTime = null)
    {
        clients++;
        leases += client.Leases.Count + (client.Ipv4 is null ? 0 : 1);
        if (quiet)
            return;
        if (json)
            output.WriteLine(Json(client, baseTime));
        else
            PrintLines(client);
    }

    /// <summary>Prints an update of an active query, at once.</summary>
    public void Print(ActiveUpdate update)
    {
        if (update.Client is { } client)
        {
            Print(client, update.BaseTime);
        }
        else if (update.Status is { } status)
        {
            output.Flush();
            Console.Error.WriteLine(CodeNames.Of(status));
        }

        if (!quiet)
            output.Flush();
    }

    /// <summary>Shows on stderr how far it has come, until the result is disposed.</summary>
    public IDisposable ShowProgress()
    {
        if (Console.IsErrorRedirected)
            return new Timer(static _ => { });
        return new Timer(_ => Console.Error.Write($"\r{Progress()} "), null, TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(500));
    }

    /// <summary>Prints the last line.</summary>
    public void End()
    {
        try
        {
            output.Flush();
        }
        catch (IOException)
        {
            // Who read it has gone, as head does.
        }

        Console.Error.WriteLine($"{(Console.IsErrorRedirected ? "" : "\r")}{Progress()}");
    }

    private string Progress()
    {
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        return $"{clients} clients, {leases} bindings in {seconds:0.00} s ({leases / Math.Max(seconds, 0.001):0}/s)";
    }

    private void PrintLines(ClientData client)
    {
        if (!headed)
            output.WriteLine($"{"client",-42} {"lease",-44} {"preferred",10} {"valid",10} {"last seen",10}");
        headed = true;
        foreach (var lease in client.Leases)
        {
            var text = lease.IsDelegated ? lease.Prefix.ToString() : lease.Prefix.Address.ToString();
            output.WriteLine($"{Duid.ToText(client.ClientId),-42} {text,-44} {DhcpTime.LifetimeText(lease.Preferred),10} {Valid(lease),10} {client.SinceLastTransaction + "s",10}");
        }

        if (client.Ipv4 is { } ipv4)
            PrintIpv4(client, ipv4);
        foreach (var option in new OptionList(client.Options))
        {
            if (option.Code is not (OptionCode.ClientId or OptionCode.IaAddress or OptionCode.IaPrefix or OptionCode.CltTime))
                PrintOption(option, "  ");
            if (LqRelayDataOption.TryRead(option, out var data))
                PrintRelays(data.RelayMessage);
        }
    }

    private void PrintIpv4(ClientData client, Ipv4Lease lease)
    {
        var identity = !lease.ClientId.IsEmpty ? "id:" + Duid.ToText(lease.ClientId) : lease.HardwareAddress.IsEmpty ? "-" : "hw:" + Duid.ToText(lease.HardwareAddress);
        var address = lease.Ports is { } ports ? $"{lease.Address} psid {ports.Psid}/{ports.PsidLength}" : lease.Address.ToString();
        var until = lease.Remaining is { } left ? DhcpTime.LifetimeText(left) : WordOf(lease);
        output.WriteLine($"{identity,-42} {address,-44} {"",10} {until,10} {client.SinceLastTransaction + "s",10}");
        if (lease.TunnelSource is { } source)
            output.WriteLine($"  tunnel source {source}");
    }

    private static string WordOf(Ipv4Lease lease) => (lease.Type, lease.State) switch
    {
        (Dhcp4MessageType.LeaseUnknown, _) => "unknown",
        (_, { } state) => state.ToString().ToLowerInvariant(),
        _ => "unassigned",
    };

    private void PrintOption(Option option, string indent)
    {
        var text = OctetText.Escape(OptionText.Of(option));
        output.WriteLine($"{indent}{OptionRegistry.NameOf(option.Code)} ({(ushort)option.Code}) {text}");
    }

    // From the relay beside the server to that beside the client.
    private void PrintRelays(ReadOnlySpan<byte> octets)
    {
        for (var hop = 0; hop < RelayChain.MaxHops && RelayMessage.TryRead(octets, 0, out var relay, out _); hop++)
        {
            output.WriteLine($"    relay for {relay.PeerAddress} on link {relay.LinkAddress}");
            octets = default;
            foreach (var option in relay.Options)
            {
                if (option.Code == OptionCode.RelayMessage)
                    octets = option.Data;
                else
                    PrintOption(option, "      ");
            }
        }
    }

    private static string Valid(LeasedPrefix lease) => lease.Valid == 0 ? "ended" : DhcpTime.LifetimeText(lease.Valid);

    private static string Json(ClientData client, uint? baseTime)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, OneLine))
        {
            writer.WriteStartObject();
            writer.WriteString("client-id", Duid.ToText(client.ClientId));
            writer.WriteNumber("last-transaction", client.SinceLastTransaction);
            if (baseTime is { } seconds)
                writer.WriteString("base-time", DhcpTime.FromSeconds(seconds, TimeProvider.System.GetUtcNow()).UtcDateTime);
            writer.WriteStartArray("leases");
            foreach (var lease in client.Leases)
            {
                writer.WriteStartObject();
                writer.WriteString(lease.IsDelegated ? "prefix" : "address", lease.IsDelegated ? lease.Prefix.ToString() : lease.Prefix.Address.ToString());
                writer.WriteNumber("preferred", lease.Preferred);
                writer.WriteNumber("valid", lease.Valid);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            if (client.Ipv4 is { } ipv4)
                WriteIpv4(writer, ipv4);
            writer.WriteStartObject("options");
            foreach (var option in new OptionList(client.Options))
            {
                if (option.Code is not (OptionCode.ClientId or OptionCode.IaAddress or OptionCode.IaPrefix or OptionCode.CltTime))
                    writer.WriteString(((ushort)option.Code).ToString(System.Globalization.CultureInfo.InvariantCulture), Convert.ToHexStringLower(option.Data));
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteIpv4(Utf8JsonWriter writer, Ipv4Lease lease)
    {
        writer.WriteStartObject("ipv4");
        writer.WriteString("state", lease.Remaining is null ? WordOf(lease) : "active");
        writer.WriteString("address", lease.Address.ToString());
        if (lease.Ports is { } ports)
        {
            writer.WriteNumber("psid", ports.Psid);
            writer.WriteNumber("psid-len", ports.PsidLength);
            writer.WriteNumber("offset", ports.Offset);
        }

        if (lease.TunnelSource is { } source)
            writer.WriteString("tunnel-source", source.ToString());
        if (lease.Remaining is { } left)
            writer.WriteNumber("valid", left);
        if (!lease.ClientId.IsEmpty)
            writer.WriteString("client-id", Duid.ToText(lease.ClientId));
        if (!lease.HardwareAddress.IsEmpty)
            writer.WriteString("hw-address", Duid.ToText(lease.HardwareAddress));
        writer.WriteEndObject();
    }
}
