using System.Text;
using Lease.Actors.Configuration;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Dhcp4;

/// <summary>Puts an answer into a DHCPv4 message (RFC 2131 section 4.3.1, table 3).</summary>
internal static class Dhcp4ReplyWriter
{
    // RFC 2131 section 2: a client takes messages of 576 octets; IP and UDP headers are part of that.
    private const int Headers = 28;
    private const int LeastMaximum = 576;

    /// <summary>Writes the message; what the configuration gives and does not fit the client's maximum message size is left out.</summary>
    public static bool TryWrite(Span<byte> buffer, Dhcp4Exchange exchange, Dhcp4Answer answer, out int length)
    {
        var request = exchange.Message;
        if (request.Options.TryGetNumber(Dhcp4OptionCode.MaxMessageSize, out var most))
            buffer = buffer[..Math.Min(buffer.Length, (int)Math.Max(most, LeastMaximum) - Headers)];
        var writer = new Dhcp4Writer(buffer);
        WriteHeader(ref writer, request, answer);
        if (answer.Type != Dhcp4MessageType.Bootp)
        {
            writer.MessageType(answer.Type);
            writer.OptionAddress(Dhcp4OptionCode.ServerId, Dhcp4Settings.ServerIdOf(answer.Subnet));
        }

        if (answer.Lease is not null && answer.Type != Dhcp4MessageType.Bootp)
            WriteTimes(ref writer, answer);
        if (answer.Text is { } text)
            writer.Option(Dhcp4OptionCode.Message, Encoding.UTF8.GetBytes(text));
        if (answer.RapidCommit)
            writer.Option(Dhcp4OptionCode.RapidCommit, []);
        if (answer.TryGetPorts(out var ports))
            WritePorts(ref writer, ports);
        if (answer.TunnelSource is { } source)
            WriteSource(ref writer, source);
        WriteEchoed(ref writer, request);
        var fits = !writer.Overflowed;
        if (answer.Type != Dhcp4MessageType.Nak)
            Dhcp4OptionWriter.Write(ref writer, request, answer, exchange.Configuration.Options);
        writer.End();
        length = writer.Length;
        return fits;
    }

    private static void WriteHeader(ref Dhcp4Writer writer, Dhcp4Message request, Dhcp4Answer answer)
    {
        var isNak = answer.Type == Dhcp4MessageType.Nak;
        var boot = isNak ? BootFields.Empty : BootOf(answer);
        writer.Header(new Dhcp4Header
        {
            Operation = BootpOperation.Reply,
            HardwareType = request.HardwareType,
            HardwareAddress = request.HardwareAddress,
            TransactionId = request.TransactionId,
            Flags = request.Flags,
            ClientAddress = answer.Type == Dhcp4MessageType.Ack ? request.ClientAddress : default,
            YourAddress = answer.Address,
            NextServer = boot.NextServer ?? default,
            RelayAddress = request.RelayAddress,
            ServerName = boot.ServerName,
            BootFile = boot.BootFile,
        });
    }

    private static BootFields BootOf(Dhcp4Answer answer)
    {
        var boot = answer.Subnet is Dhcp4Subnet subnet ? subnet.Boot : BootFields.Empty;
        if (answer.Classes is { } classes)
            boot = classes.Over(boot);
        return answer.Reservation is { } host ? host.Boot.Over(boot) : boot;
    }

    private static void WriteTimes(ref Dhcp4Writer writer, Dhcp4Answer answer)
    {
        writer.OptionU32(Dhcp4OptionCode.LeaseTime, answer.Valid);
        if (answer.Valid == uint.MaxValue)
            return;
        var timers = answer.Subnet.Timers;
        var t2 = timers.Calculate ? (uint)(answer.Valid * timers.T2Share) : timers.T2;
        var t1 = timers.Calculate ? (uint)(answer.Valid * timers.T1Share) : timers.T1;
        if (t2 is { } rebinding && rebinding < answer.Valid)
            writer.OptionU32(Dhcp4OptionCode.RebindingTime, rebinding);
        if (t1 is { } renewal && renewal < Math.Min(answer.Valid, t2 ?? uint.MaxValue))
            writer.OptionU32(Dhcp4OptionCode.RenewalTime, renewal);
    }

    private static void WritePorts(ref Dhcp4Writer writer, PortParameters ports)
    {
        Span<byte> data = stackalloc byte[PortParameters.Size];
        ports.Write(data);
        writer.Option(Dhcp4OptionCode.PortParameters, data);
    }

    private static void WriteSource(ref Dhcp4Writer writer, Ipv6Address source)
    {
        Span<byte> data = stackalloc byte[Ipv6Address.Size];
        source.Write(data);
        writer.Option(Dhcp4OptionCode.S46SourceAddress, data);
    }

    // RFC 6842: the client identifier comes back. RFC 3046 section 2.2: what a relay said comes back.
    private static void WriteEchoed(ref Dhcp4Writer writer, Dhcp4Message request)
    {
        foreach (var option in request.Options)
        {
            if (option.Code is Dhcp4OptionCode.ClientId or Dhcp4OptionCode.RelayAgentInformation)
                writer.Option(option.Code, option.Data);
        }
    }
}
