using Lease.Protocol;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Peers.Leasequery;

/// <summary>An address or prefix of a client.</summary>
/// <param name="Prefix">The prefix; an address has length 128.</param>
/// <param name="IsDelegated">Whether it is a delegated prefix.</param>
/// <param name="Preferred">Seconds of preferred lifetime left.</param>
/// <param name="Valid">Seconds of valid lifetime left; 0: it has ended (active queries only).</param>
public sealed record LeasedPrefix(Ipv6Prefix Prefix, bool IsDelegated, uint Preferred, uint Valid);

/// <summary>What a server told of one client on one link: a CLIENT_DATA (RFC 5007 section 4.1.2.2).</summary>
/// <param name="ClientId">The client's DUID.</param>
/// <param name="Leases">All that it holds on the link, and for active queries what it held.</param>
/// <param name="SinceLastTransaction">Seconds since the server's last exchange with it (CLT_TIME).</param>
/// <param name="Options">The options of CLIENT_DATA as they came.</param>
public sealed record ClientData(byte[] ClientId, IReadOnlyList<LeasedPrefix> Leases, uint SinceLastTransaction, byte[] Options)
{
    /// <summary>Reads a CLIENT_DATA; null for one without CLIENTID or CLT_TIME, which is ignored (RFC 5007 section 4.3.3; leasequery draft section 4.3.3.1).</summary>
    public static ClientData? Read(in ClientDataOption client)
    {
        if (client.ClientId.IsEmpty || client.SinceLastTransaction is not { } since)
            return null;
        var leases = new List<LeasedPrefix>(2);
        foreach (var option in client.Options)
        {
            if (IaAddressOption.TryRead(option, out var address))
                leases.Add(new LeasedPrefix(new Ipv6Prefix(address.Address, 128), IsDelegated: false, address.Preferred, address.Valid));
            else if (IaPrefixOption.TryRead(option, out var prefix))
                leases.Add(new LeasedPrefix(prefix.Prefix, IsDelegated: true, prefix.Preferred, prefix.Valid));
        }

        return new ClientData(client.ClientId.ToArray(), leases, since, client.Options.Octets.ToArray());
    }
}
