using System.Text.Json;
using Lease.Peers.Leasequery;
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
        leases += client.Leases.Count;
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

        foreach (var option in new OptionList(client.Options))
        {
            if (option.Code is not (OptionCode.ClientId or OptionCode.IaAddress or OptionCode.IaPrefix or OptionCode.CltTime))
                PrintOption(option, "  ");
            if (LqRelayDataOption.TryRead(option, out var data))
                PrintRelays(data.RelayMessage);
        }
    }

    private void PrintOption(Option option, string indent)
        => output.WriteLine($"{indent}{OptionRegistry.NameOf(option.Code)} ({(ushort)option.Code}) {OptionText.Of(option)}");

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
}
