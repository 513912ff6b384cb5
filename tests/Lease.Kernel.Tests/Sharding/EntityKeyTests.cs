using Lease.Kernel.Sharding;

namespace Lease.Kernel.Tests.Sharding;

public sealed class EntityKeyTests
{
    [Fact]
    public void Keys_of_the_same_octets_are_equal()
    {
        new EntityKey([1, 2, 3]).ShouldBe(new EntityKey([1, 2, 3]));
        new EntityKey([1, 2, 3]).GetHashCode().ShouldBe(new EntityKey([1, 2, 3]).GetHashCode());
        new EntityKey([1, 2, 3]).ShouldNotBe(new EntityKey([1, 2, 4]));
        new EntityKey([1, 2, 3]).ShouldNotBe(new EntityKey([1, 2, 3, 0]));
        new EntityKey([0x01, 0xff]).ToString().ShouldBe("01ff");
    }

    [Fact]
    public void A_key_does_not_change_with_the_octets_it_was_made_of()
    {
        byte[] octets = [1, 2, 3];
        var key = new EntityKey(octets);
        octets[0] = 9;
        key.Bytes.ToArray().ShouldBe([1, 2, 3]);
    }

    // Stored: a binding's shard is where its rows are. These numbers never change.
    [Theory]
    [InlineData("", 17280346270528514342ul)]
    [InlineData("00", 971909191830961740ul)]
    [InlineData("000100012a3b4c5d0011223344556677", 519949916232816333ul)]
    [InlineData("00030001001122334455", 1852153799876480558ul)]
    public void The_hash_is_the_same_in_every_version(string octets, ulong hash)
        => EntityKey.HashOf(Convert.FromHexString(octets)).ShouldBe(hash);

    [Fact]
    public void Keys_that_differ_little_spread_evenly_over_the_shards()
    {
        var shards = new int[64];
        for (var i = 0; i < 64_000; i++)
            shards[new EntityKey([0, 3, 0, 1, 2, 0, 0, (byte)(i >> 16), (byte)(i >> 8), (byte)i]).ShardOf(64)]++;
        shards.ShouldAllBe(count => count > 850 && count < 1150);
    }
}
