using Lease.Actors.Bindings;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;
using Lease.Protocol;
using Lease.Protocol.Dhcp4;

namespace Lease.Actors.Tests;

public sealed class BindingCodecTests
{
    private static readonly EntityKey Key = BindingKey.ForDuid([0, 3, 0, 1, 9], "town");

    private static readonly Binding Whole = new()
    {
        Link = "town",
        ClientId = new byte[] { 0, 3, 0, 1, 9 },
        LastTransactionAt = 1_900_000_000_123,
        LastTransaction = 0x3_00ab_cdef,
        LinkLayerAddress = new byte[] { 0, 1, 2, 3 },
        ClientOptions = new byte[] { 0, 15, 0, 1, 7 },
        Relay = new RelayData(UInt128.MaxValue - 5, [12, 0, 1], [0, 0, 0, 1, 5], [[0, 3], [0, 4, 1]]),
        Leases =
        [
            new BoundLease(IaKind.NonTemporary, 1, new LeaseKey(7, 128), LeasePhase.Active, 3, 100, BoundLease.Infinity, 5),
            new BoundLease(IaKind.PrefixDelegation, uint.MaxValue, new LeaseKey(UInt128.One << 80, 56), LeasePhase.Declined, 4, 0, 0, 6, 99),
        ],
    };

    [Fact]
    public void A_binding_is_read_as_it_was_written()
    {
        var read = BindingCodec.Decode(Key, BindingCodec.Encode(Whole));
        read.Leases.ShouldBe(Whole.Leases);
        read.LastTransactionAt.ShouldBe(Whole.LastTransactionAt);
        read.LastTransaction.ShouldBe(Whole.LastTransaction);
        read.LinkLayerAddress.ToArray().ShouldBe(Whole.LinkLayerAddress.ToArray());
        read.ClientOptions.ToArray().ShouldBe(Whole.ClientOptions.ToArray());
        read.Relay!.PeerAddress.ShouldBe(Whole.Relay!.PeerAddress);
        read.Relay.Forward.ShouldBe(Whole.Relay.Forward);
        read.Relay.RemoteId.ShouldBe(Whole.Relay.RemoteId);
        read.Relay.RelayIds.ShouldBe(Whole.Relay.RelayIds);
    }

    private const string UntilTransaction = "04000102030005000f00010701fffffffffffffffffffffffffffffffa00030c0001000500000001050202000303000401" + "0002"
        + "0100000001" + "00000000000000000000000000000007" + "80" + "00000000" + "01" + "00000003" + "00000064" + "ffffffff" + "0000000000000005" + "0000000000000000"
        + "03ffffffff" + "00000000000100000000000000000000" + "38" + "00000000" + "04" + "00000004" + "00000000" + "00000000" + "0000000000000006" + "0000000000000063";

    [Fact]
    public void The_stored_form_never_changes()
        => Convert.ToHexStringLower(BindingCodec.Encode(Whole)).ShouldBe("01000001ba60d3387b" + UntilTransaction + "0000000300abcdef");

    [Fact]
    public void A_row_without_a_transaction_stays_readable()
    {
        var read = BindingCodec.Decode(Key, Convert.FromHexString("01000001ba60d3387b" + UntilTransaction));
        read.LastTransactionAt.ShouldBe(Whole.LastTransactionAt);
        read.LastTransaction.ShouldBe(0);
        read.Leases.ShouldBe(Whole.Leases);
        read.Relay!.RelayIds.ShouldBe(Whole.Relay!.RelayIds);
    }

    [Fact]
    public void A_DHCPv4_row_without_a_transaction_stays_readable()
    {
        var read = BindingCodec.Decode(Key, Convert.FromHexString("02000001ba60d3387b" + UntilTransaction + "00" + "0003" + "0c0141"));
        read.Leases.ShouldBe(Whole.Leases);
        read.Ipv4!.TunnelSource.ShouldBeNull();
        read.Ipv4.Options.ShouldBe([12, 1, 65]);
    }

    [Fact]
    public void A_DHCPv4_binding_is_read_as_it_was_written()
    {
        var ipv4 = Whole with
        {
            Leases = [new BoundLease(IaKind.Ipv4, 0, PortSet.KeyOf(new Ipv4Address(0xc0000201), new PortParameters(6, 8, 52)), LeasePhase.Active, 3, 0, 100, 5)],
            Ipv4 = new Ipv4Data(new Ipv6Address(99), [12, 1, 65]),
        };
        var read = BindingCodec.Decode(Key, BindingCodec.Encode(ipv4));
        read.Leases.ShouldBe(ipv4.Leases);
        read.Ipv4!.TunnelSource.ShouldBe(ipv4.Ipv4.TunnelSource);
        read.Ipv4.Options.ShouldBe(ipv4.Ipv4.Options);
        PortSet.TryOf(read.Leases[0].Key, out var ports).ShouldBeTrue();
        ports.ShouldBe(new PortParameters(6, 8, 52));
        BindingCodec.Decode(Key, BindingCodec.Encode(ipv4 with { Ipv4 = new Ipv4Data(TunnelSource: null, []) })).Ipv4!.TunnelSource.ShouldBeNull();
    }

    [Fact]
    public void A_truncated_payload_is_refused_wherever_it_ends()
    {
        var payload = BindingCodec.Encode(Whole);
        var withoutTransaction = payload.Length - sizeof(long);
        for (var length = 0; length < payload.Length; length += length == withoutTransaction - 1 ? 2 : 1)
            Should.Throw<InvalidDataException>(() => BindingCodec.Decode(Key, payload.AsSpan(0, length)));
    }

    [Fact]
    public void A_payload_of_a_later_version_is_refused()
        => Should.Throw<InvalidDataException>(() => BindingCodec.Decode(Key, [3, 0, 0])).Message.ShouldContain("version 3");

    [Fact]
    public void A_binding_of_very_many_leases_is_stored()
    {
        var many = new Binding
        {
            Link = "town",
            ClientId = Whole.ClientId,
            Leases = [.. Enumerable.Range(0, 500).Select(static i => new BoundLease(IaKind.NonTemporary, (uint)i, new LeaseKey((uint)i, 128), LeasePhase.Active, 1, 1, 1, i))],
        };
        BindingCodec.Decode(Key, BindingCodec.Encode(many)).Leases.ShouldBe(many.Leases);
    }

    [Fact]
    public void A_key_holds_client_and_link()
    {
        var key = BindingKey.ForDuid([0, 3, 0, 1], "town");
        BindingKey.IdentityOf(key).ToArray().ShouldBe([0, 3, 0, 1]);
        BindingKey.LinkOf(key).ShouldBe("town");
        key.ShouldNotBe(BindingKey.ForDuid([0, 3, 0, 1], "village"));
        key.Hash.ShouldBe(BindingKey.ForDuid([0, 3, 0, 1], "town").Hash);
    }

    [Fact]
    public void A_binding_is_due_at_its_first_end_and_then_when_it_is_to_be_forgotten()
    {
        Whole.NextDueAt(TimeSpan.FromSeconds(1)).ShouldBe(99);
        var ended = new Binding { Link = "town", ClientId = Whole.ClientId, LastTransactionAt = 100, Leases = [Whole.Leases[0] with { Phase = LeasePhase.Released, ChangedAt = 500 }] };
        ended.NextDueAt(TimeSpan.FromSeconds(1)).ShouldBe(1500);
    }
}
