using FsCheck;
using FsCheck.Fluent;
using Lease.Protocol.Dhcp6;

namespace Lease.Protocol.Tests;

/// <summary>Writes to a writer that is passed by reference.</summary>
internal delegate void WriteTo(ref Dhcp6Writer writer);

/// <summary>Octets and random values for tests.</summary>
internal static class Wire
{
    public static readonly byte[] ServerDuid = Convert.FromHexString("00030001020000000001");
    public static readonly byte[] ClientDuid = Convert.FromHexString("00030001020000000002");

    // Every run tries the same values: a failure can be seen again.
    private static readonly Config Repeatable = Config.QuickThrowOnFailure.WithReplay(20150908, 7341).WithMaxTest(300);

    public static byte[] Written(WriteTo write, int room = 70_000)
    {
        var writer = new Dhcp6Writer(new byte[room]);
        write(ref writer);
        writer.Overflowed.ShouldBeFalse();
        return writer.Written.ToArray();
    }

    /// <summary>The one option that <paramref name="write"/> writes, after the validator has accepted it.</summary>
    public static Option Option(WriteTo write)
    {
        var octets = Written(write);
        OptionValidator.Validate(octets, 0).ToString().ShouldBe(default(Malformed).ToString());
        var options = new OptionList(octets).GetEnumerator();
        options.MoveNext().ShouldBeTrue();
        var option = options.Current;
        options.MoveNext().ShouldBeFalse();
        return option;
    }

    public static byte[] Message(MessageType type, params (OptionCode Code, byte[] Data)[] options) => Written((ref Dhcp6Writer writer) =>
    {
        writer.MessageHeader(type, 0x123456);
        foreach (var (code, data) in options)
            writer.Option(code, data);
    });

    public static void ForAll<T>(Arbitrary<T> values, Action<T> holds) => Check.One(Repeatable, Prop.ForAll(values, holds));

    public static Arbitrary<byte[]> Octets { get; } = ArbMap.Default.GeneratorFor<byte[]>().ToArbitrary();

    public static Arbitrary<uint> Numbers { get; } =
        Gen.OneOf(Gen.Elements(0u, 1u, uint.MaxValue), from high in Gen.Choose(0, 65535) from low in Gen.Choose(0, 65535) select ((uint)high << 16) | (uint)low).ToArbitrary();

    public static Arbitrary<Ipv6Address> Addresses { get; } = (from high in Numbers64() from low in Numbers64() select new Ipv6Address(new UInt128(high, low))).ToArbitrary();

    public static Arbitrary<Ipv6Prefix> Prefixes { get; } =
        (from address in Addresses.Generator from length in Gen.Choose(0, 128) select new Ipv6Prefix(address, (byte)length).Network).ToArbitrary();

    public static Arbitrary<(T1, T2)> Pairs<T1, T2>(Arbitrary<T1> first, Arbitrary<T2> second)
        => (from one in first.Generator from two in second.Generator select (one, two)).ToArbitrary();

    public static Arbitrary<(T1, T2, T3)> Triples<T1, T2, T3>(Arbitrary<T1> first, Arbitrary<T2> second, Arbitrary<T3> third)
        => (from one in first.Generator from two in second.Generator from three in third.Generator select (one, two, three)).ToArbitrary();

    private static Gen<ulong> Numbers64() => from high in Numbers.Generator from low in Numbers.Generator select ((ulong)high << 32) | low;
}
