using Lease.Peers.Mirror;
using Lease.Peers.Tests.Leasequery;
using Lease.Protocol;

namespace Lease.Peers.Tests.Mirror;

/// <summary>Whose news count, and what the file keeps.</summary>
public sealed class MirrorDatabaseTests : IDisposable
{
    private const long Now = 1_900_000_000;

    private readonly string directory = Directory.CreateTempSubdirectory("lease-mirror-").FullName;
    private MirrorDatabase database;

    public MirrorDatabaseTests() => database = new MirrorDatabase(DatabaseFile);

    private string DatabaseFile => Path.Combine(directory, "mirror.db");

    public void Dispose()
    {
        database.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void A_bulk_answer_does_not_replace_what_was_told_since_the_copy_began()
    {
        database.BeginCopy("a");
        Apply("a", LeaseSource.Active, Lease(1, last: Now, valid: 0));
        Apply("a", LeaseSource.Bulk, Lease(1, last: Now), Lease(2, last: Now));
        database.EndCopy("a").ShouldBe(0);
        Current().ShouldBe([2]);
    }

    [Fact]
    public void A_whole_copy_keeps_what_it_tells_even_where_its_times_have_moved_back()
    {
        Apply("a", LeaseSource.Active, Lease(1, last: Now), Lease(2, last: Now));
        database.BeginCopy("a");
        Apply("a", LeaseSource.Bulk, Lease(1, last: Now - 30));
        database.EndCopy("a").ShouldBe(1);
        Current().ShouldBe([1]);
    }

    [Fact]
    public void An_address_belongs_to_the_client_that_was_told_last_and_an_end_told_late_does_not_take_it_away()
    {
        Apply("a", LeaseSource.Active, Lease(1, client: 8, last: Now - 500));
        Apply("a", LeaseSource.Active, Lease(1, client: 9, last: Now));
        Apply("a", LeaseSource.Active, Lease(1, client: 8, last: Now - 100, valid: 0));
        database.ReadCurrent(Now).Single().ClientId.ShouldBe(Answers.DuidOf(9));
        Apply("a", LeaseSource.Active, Lease(1, client: 9, last: Now - 1, valid: 0));
        Current().ShouldBeEmpty();
    }

    [Fact]
    public void A_newer_end_at_one_server_hides_older_news_of_another_in_whatever_order_they_come()
    {
        Apply("a", LeaseSource.Active, Lease(1, last: Now, valid: 0));
        Apply("b", LeaseSource.Active, Lease(1, last: Now - 50));
        Current().ShouldBeEmpty();
        Apply("b", LeaseSource.Active, Lease(1, last: Now + 1));
        Current().ShouldBe([1]);
        database.CountCurrent(Now).ShouldBe(1);
    }

    [Fact]
    public void One_servers_whole_copy_leaves_anothers_leases_alone()
    {
        Apply("a", LeaseSource.Bulk, Lease(1));
        Apply("b", LeaseSource.Bulk, Lease(1), Lease(2));
        database.BeginCopy("b");
        database.EndCopy("b").ShouldBe(2);
        Current().ShouldBe([1]);
    }

    [Fact]
    public void Base_time_and_skew_outlive_the_program_together_with_the_leases()
    {
        database.BaseTimeOf("a").ShouldBeNull();
        database.Apply("a", [Lease(1)], LeaseSource.Active, baseTime: uint.MaxValue, skew: -2.5);
        database.Dispose();
        database = new MirrorDatabase(DatabaseFile);
        database.BaseTimeOf("a").ShouldBe(uint.MaxValue);
        database.SkewOf("a").ShouldBe(-2.5);
        database.BaseTimeOf("b").ShouldBeNull();
        Current().ShouldBe([1]);
    }

    [Fact]
    public void Leases_are_valid_until_their_time_and_forgotten_a_day_later()
    {
        Apply("a", LeaseSource.Active, Lease(1, valid: Now + 100), Lease(2, valid: long.MaxValue));
        database.ReadCurrent(Now + 99).Count.ShouldBe(2);
        database.ReadCurrent(Now + 100).Count.ShouldBe(1);
        database.Prune(Now + 100);
        database.ReadCurrent(Now).Count.ShouldBe(2);
        database.Prune(Now + 100 + 86_401);
        database.ReadCurrent(Now).Count.ShouldBe(1);
    }

    [Fact]
    public void What_is_not_a_mirrors_file_and_what_cannot_be_opened_is_refused_in_words()
    {
        var text = Path.Combine(directory, "text");
        System.IO.File.WriteAllText(text, new string('x', 5000));
        Should.Throw<IOException>(() => new MirrorDatabase(text)).Message.ShouldContain(text);
        Should.Throw<IOException>(() => new MirrorDatabase(Path.Combine(directory, "no", "such"))).Message.ShouldContain("such");
        database.Dispose();
        Should.Throw<IOException>(() => Apply("a", LeaseSource.Bulk, Lease(1)));
    }

    private static MirroredLease Lease(int address, int client = 1, long last = Now, long valid = Now + 1000)
        => new(Answers.DuidOf(client), new Ipv6Prefix(Answers.AddressOf(address), 128), IsDelegated: false, valid, valid, last);

    private void Apply(string server, LeaseSource source, params MirroredLease[] leases) => database.Apply(server, leases, source, baseTime: null);

    private IEnumerable<int> Current() => database.ReadCurrent(Now).Select(static l => (int)(uint)l.Prefix.Address.Value);
}
