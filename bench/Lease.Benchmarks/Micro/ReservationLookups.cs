using BenchmarkDotNet.Attributes;
using Lease.Actors.Configuration;

namespace Lease.Benchmarks.Micro;

/// <summary>Whether there is a reservation for a client, among 10,000 of one subnet: asked for each packet, by each identifier in turn.</summary>
[MemoryDiagnoser]
public class ReservationLookups
{
    private const int Reserved = 10_000;
    private readonly byte[] known = FillCommand.DuidOf(Reserved / 2);
    private readonly byte[] stranger = FillCommand.DuidOf(Reserved);
    private readonly ReservationTable table = new(Enumerable.Range(0, Reserved).Select(static n => new Reservation { Kind = ReservationIdentifier.Duid, Identifier = FillCommand.DuidOf(n) }));

    [Benchmark]
    public Reservation? Known() => table.Find(ReservationIdentifier.Duid, known);

    [Benchmark]
    public Reservation? Stranger() => table.Find(ReservationIdentifier.Duid, stranger);
}
