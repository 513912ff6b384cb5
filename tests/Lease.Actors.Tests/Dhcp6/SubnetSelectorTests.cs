using Lease.Actors.Configuration;
using Lease.Actors.Dhcp6;
using Lease.Protocol;

namespace Lease.Actors.Tests.Dhcp6;

public sealed class SubnetSelectorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Of_subnets_within_each_other_the_first_of_the_file_that_contains_the_address_is_found(int seed)
    {
        var random = new Random(seed);
        var subnets = Enumerable.Range(1, 200).Select(n => SubnetOf((uint)n, random)).ToArray();
        var selector = new SubnetSelector(subnets.Select(static s => new Link { Name = $"subnet-{s.Id}", Subnets = [s] }));
        for (var i = 0; i < 2000; i++)
        {
            var address = AddressBy(random);
            var expected = Array.Find(subnets, s => s.Selectors.RelayAddresses.Contains(address)) ?? Array.Find(subnets, s => s.Prefix.Contains(address));
            var found = selector.TryFindByAddress(address, relayed: true, classes: null, out var link, out var subnet);
            (found ? subnet.Id : 0).ShouldBe(expected?.Id ?? 0, address.ToString());
            (found ? link.Name : null).ShouldBe(expected is null ? null : $"subnet-{expected.Id}");
        }
    }

    // Three bits that count in each of the first four groups, so that prefixes of several lengths meet.
    private static Ipv6Address AddressBy(Random random)
    {
        var value = UInt128.Zero;
        for (var group = 0; group < 4; group++)
            value |= (UInt128)(uint)random.Next(8) << (112 - (16 * group));
        return new Ipv6Address(value + (uint)random.Next(2));
    }

    private static Subnet SubnetOf(uint id, Random random) => new()
    {
        Id = id,
        Prefix = new Ipv6Prefix(AddressBy(random), (byte)random.GetItems([14, 16, 32, 47, 48, 64, 128], 1)[0]),
        Selectors = new SubnetSelectors { RelayAddresses = random.Next(10) == 0 ? [AddressBy(random)] : [] },
        Pools = [],
        PrefixPools = [],
        Lifetimes = new Lifetimes(1, 1, 1, 1, 1, 1),
        Timers = new RenewalTimers(T1: null, T2: null),
        Options = OptionSet.Empty,
        Reservations = ReservationTable.Empty,
    };
}
