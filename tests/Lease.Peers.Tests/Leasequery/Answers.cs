using Lease.Protocol;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Tests.Leasequery;

/// <summary>Messages of a server, put together option by option.</summary>
internal static class Answers
{
    public static readonly byte[] Requestor = Duid.MakeLinkLayer(1, [6, 0, 0, 0, 0, 1]);
    public static readonly byte[] Server = Duid.MakeLinkLayer(1, [8, 0, 0, 0, 0, 1]);

    public static Ipv6Address AddressOf(int number) => new(((UInt128)0x20010db8_00010000 << 64) + (uint)number);

    public static byte[] DuidOf(int number) => Duid.MakeLinkLayer(1, [2, 0, 0, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);

    public static byte[] Reply(uint transactionId, params byte[][] options) => Message(MessageType.LeaseQueryReply, transactionId, [Option(OptionCode.ServerId, Server), Option(OptionCode.ClientId, Requestor), .. options]);

    public static byte[] Data(uint transactionId, params byte[][] options) => Message(MessageType.LeaseQueryData, transactionId, options);

    public static byte[] Done(uint transactionId, params byte[][] options) => Message(MessageType.LeaseQueryDone, transactionId, options);

    public static byte[] Message(MessageType type, uint transactionId, params byte[][] options)
        => [(byte)type, (byte)(transactionId >> 16), (byte)(transactionId >> 8), (byte)transactionId, .. options.SelectMany(static o => o)];

    /// <summary>CLIENT_DATA of a client with one address.</summary>
    public static byte[] Client(int number, uint valid = 4000, uint since = 10, int? address = null)
        => Option(
            OptionCode.ClientData,
            [
                .. Option(OptionCode.ClientId, DuidOf(number)),
                .. Write((ref w) => IaAddressOption.Write(ref w, AddressOf(address ?? number), valid, valid)),
                .. Number(OptionCode.CltTime, since),
            ]);

    public static byte[] Status(StatusCode code, string text = "") => Write((ref w) => StatusCodeOption.Write(ref w, code, System.Text.Encoding.UTF8.GetBytes(text)));

    public static byte[] BaseTime(DateTimeOffset time) => Number(OptionCode.LqBaseTime, DhcpTime.ToSeconds(time));

    public static byte[] Number(OptionCode code, uint value) => Write((ref w) => w.OptionU32(code, value));

    public static byte[] Option(OptionCode code, byte[] data) => Write((ref w) => w.Option(code, data));

    private delegate void Writing(ref Dhcp6Writer writer);

    private static byte[] Write(Writing write)
    {
        var writer = new Dhcp6Writer(new byte[4096]);
        write(ref writer);
        return writer.Written.ToArray();
    }
}
