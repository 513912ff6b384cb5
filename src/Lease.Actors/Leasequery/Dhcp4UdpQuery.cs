using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Actors.Dhcp4;
using Lease.Kernel.IO;
using Lease.Kernel.Persistence;
using Lease.Protocol.Dhcp4;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>
/// A DHCPLEASEQUERY (RFC 4388) within a DHCPV4-QUERY. Sender: the intake; receiver: the responder, which releases it. The answer goes back in a DHCPV4-RESPONSE to where the DHCPV4-QUERY came
/// from: there is no giaddr that could be reached. May be lost: requestors retransmit.
/// </summary>
public sealed class Dhcp4UdpQuery
{
    private readonly RelayChain chain;
    private readonly LeasequeryCounters counters;
    private readonly Range place;
    private readonly Dhcp4Settings settings;
    private readonly ForwardedFrom? origin;
    private readonly Requestor requestor;
    private readonly LeasequerySettings leasequery;

    /// <summary>Makes it of a datagram that the intake has checked.</summary>
    public Dhcp4UdpQuery(
        Datagram datagram, in RelayChain chain, Range place, Requestor requestor, LeasequerySettings leasequery, Dhcp4Settings settings, ForwardedFrom? origin, LeasequeryCounters counters)
    {
        Datagram = datagram;
        this.chain = chain;
        this.place = place;
        this.requestor = requestor;
        this.leasequery = leasequery;
        this.settings = settings;
        this.origin = origin;
        this.counters = counters;
    }

    /// <summary>The packet.</summary>
    public Datagram Datagram { get; }

    private Dhcp4Message Message => Dhcp4Message.FromChecked(Datagram.Data[place]);

    /// <summary>Answers it: with the lease that was last used; or with nothing leased.</summary>
    /// <exception cref="IOException">The tables cannot be read.</exception>
    internal void Answer(IBindingQueries tables, long now)
    {
        if (!Dhcp4QueryReader.TryRead(Message, out var query, out _) || query.Kind == QueryKinds.ByLink || (requestor.Kinds & query.Kind) == QueryKinds.None)
        {
            counters.Add(LeasequeryCount.Invalid);
            return;
        }

        Span<byte> buffer = stackalloc byte[Dhcp4LeaseMessage.MaxSize];
        var newest = new NewestLease(query, buffer, now);
        tables.Walk(query.Selection, default, int.MaxValue, ref newest);
        var length = newest.Length > 0 ? newest.Length : Dhcp4LeaseMessage.WriteNone(buffer, query, leasequery, now);
        var isSent = Dhcp4ReplySender.TrySend(Datagram, chain, settings, origin, buffer[..length]);
        counters.Add(isSent ? LeasequeryCount.UdpAnswered : LeasequeryCount.NotSent);
    }

    // RFC 4388 section 6.4.2: the address that the client used last.
    private ref struct NewestLease(BindingQuery query, Span<byte> buffer, long now) : IBindingVisitor
    {
        private readonly Span<byte> buffer = buffer;
        private long lastTransaction = long.MinValue;

        public int Length { get; private set; }

        public bool Visit(in BindingRecord record)
        {
            try
            {
                var view = new BindingView(record.Payload);
                if (query.Matches(record, view) && view.LastTransactionAt > lastTransaction)
                    Take(record, view);
            }
            catch (InvalidDataException)
            {
                // A damaged row answers nothing.
            }

            return true;
        }

        private void Take(in BindingRecord record, in BindingView view)
        {
            for (var i = 0; i < view.LeaseCount; i++)
            {
                var lease = view.Lease(i);
                var ends = lease.Valid == BoundLease.Infinity ? long.MaxValue : lease.ChangedAt + (lease.Valid * 1000L);
                if (lease.Phase != LeasePhase.Active || ends <= now)
                    continue;
                var remaining = ends == long.MaxValue ? uint.MaxValue : (uint)((ends - now + 999) / 1000);
                Length = Dhcp4LeaseMessage.Write(buffer, query.Ipv4!, record, view, lease, remaining, now);
                lastTransaction = view.LastTransactionAt;
            }
        }
    }
}
