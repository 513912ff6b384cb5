using System.Text;
using Lease.Protocol;

namespace Lease.Actors.Classification;

/// <summary>A field of the packet or of the client's message.</summary>
internal enum PacketField
{
    Interface,
    Source,
    Length,
    MessageType,
    TransactionId,
    HardwareAddress,
    HardwareLength,
    HardwareType,
    ClientAddress,
    RelayAddress,
    YourAddress,
    ServerAddress,
}

/// <summary><c>pkt.iface</c>, <c>pkt6.msgtype</c>, <c>pkt4.mac</c>, ...: numbers are four octets, whatever they are in the message.</summary>
internal sealed class FieldOf(PacketField field) : Value
{
    public override ReadOnlySpan<byte> Of(scoped ref Evaluation evaluation)
    {
        var packet = evaluation.Packet;
        switch (field)
        {
            case PacketField.Interface:
                var name = evaluation.Take(Encoding.UTF8.GetByteCount(packet.InterfaceName));
                Encoding.UTF8.GetBytes(packet.InterfaceName, name);
                return name;
            case PacketField.Source:
                var source = evaluation.Take(Ipv6Address.Size);
                packet.Source.Write(source);
                return source;
            case PacketField.Length:
                return evaluation.Number((uint)packet.Length);
            default:
                return packet.IsIpv4 ? Of4(packet, ref evaluation) : Of6(packet, ref evaluation);
        }
    }

    private ReadOnlySpan<byte> Of6(PacketView packet, scoped ref Evaluation evaluation)
        => evaluation.Number(field == PacketField.MessageType ? (uint)packet.Message.Type : packet.Message.TransactionId);

    private ReadOnlySpan<byte> Of4(PacketView packet, scoped ref Evaluation evaluation)
    {
        var message = packet.Message4;
        return field switch
        {
            PacketField.MessageType => evaluation.Number((uint)message.Type),
            PacketField.TransactionId => evaluation.Number(message.TransactionId),
            PacketField.HardwareAddress => message.HardwareAddress,
            PacketField.HardwareLength => evaluation.Number((uint)message.HardwareAddress.Length),
            PacketField.HardwareType => evaluation.Number(message.HardwareType),
            PacketField.ClientAddress => evaluation.Number(message.ClientAddress.Value),
            PacketField.RelayAddress => evaluation.Number(message.RelayAddress.Value),
            PacketField.YourAddress => evaluation.Number(message.YourAddress.Value),
            _ => evaluation.Number(message.NextServer.Value),
        };
    }
}
