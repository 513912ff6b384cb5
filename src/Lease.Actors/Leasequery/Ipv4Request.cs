using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Leasequery;

/// <summary>How a requestor wants to be told of DHCPv4 leases.</summary>
/// <param name="TransactionId">The transaction-id of its DHCPv4 message: the answers' too (RFC 4388 section 6.4.2).</param>
/// <param name="IsSingle">DHCPLEASEQUERY: it is told also that nothing is leased.</param>
/// <param name="Parameters">Its parameter request list as text of codes; null: it gave none and is told all.</param>
public sealed record Ipv4Request(uint TransactionId, bool IsSingle, ParameterList? Parameters)
{
    /// <summary>Whether an option is wanted.</summary>
    public bool Wants(Dhcp4OptionCode code) => Parameters is null || Parameters.Contains(code);
}

/// <summary>A set of DHCPv4 option codes; two with the same codes are equal.</summary>
/// <param name="Low">Codes 0 to 127, a bit each.</param>
/// <param name="High">Codes 128 to 255, a bit each.</param>
public sealed record ParameterList(UInt128 Low, UInt128 High)
{
    /// <summary>The codes of a parameter request list.</summary>
    public static ParameterList Of(ReadOnlySpan<byte> codes)
    {
        var (low, high) = (UInt128.Zero, UInt128.Zero);
        foreach (var code in codes)
        {
            if (code < 128)
                low |= UInt128.One << code;
            else
                high |= UInt128.One << (code - 128);
        }

        return new(low, high);
    }

    /// <summary>Whether the code is in it.</summary>
    public bool Contains(Dhcp4OptionCode code) => ((byte)code < 128 ? (Low >> (byte)code) & 1 : (High >> ((byte)code - 128)) & 1) != 0;
}
