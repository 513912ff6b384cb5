namespace Lease.Storage.Tests;

public sealed class KeyFilterTests
{
    private const int Keys = 50_000;

    [Theory]
    [InlineData(Keys)]
    [InlineData(1_000)]
    public void It_knows_every_key_that_was_added_and_few_others_however_far_it_has_grown(int madeFor)
    {
        var random = new Random(7);
        var filter = new KeyFilter(madeFor);
        var added = Enumerable.Range(0, Keys).Select(_ => (ulong)random.NextInt64()).ToArray();
        foreach (var key in added)
            filter.Add(key);
        filter.Count.ShouldBe(Keys);
        added.ShouldAllBe(key => filter.MayContain(key));
        Enumerable.Range(0, Keys).Count(_ => filter.MayContain((ulong)random.NextInt64())).ShouldBeLessThan(Keys / 20);
    }
}
