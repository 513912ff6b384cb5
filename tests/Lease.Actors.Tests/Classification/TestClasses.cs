using System.Collections.Immutable;
using Lease.Actors.Classification;
using Lease.Actors.Configuration;
using Lease.Kernel.Persistence;
using Lease.Protocol;

namespace Lease.Actors.Tests.Classification;

/// <summary>Classes in the order in which they are defined, and what they guard.</summary>
internal sealed class TestClasses(bool isIpv4)
{
    private readonly List<ClientClass> classes = [];

    public Classifier Classifier => new(classes);

    public ClientClass this[string name]
    {
        get
        {
            if (classes.Find(c => c.Name == name) is { } found)
                return found;
            var named = new ClientClass(name);
            classes.Add(named);
            return named;
        }
    }

    public TestClasses Define(
        string name, string? test = null, string? template = null, bool onlyIfRequired = false, bool awaits = false, OptionSet? options = null, LifetimeRange? valid = null, BootFields? boot = null)
    {
        var scope = new ExpressionScope(isIpv4, static _ => null, other => this[other]);
        classes.Add(new ClientClass(name)
        {
            Test = test is null ? null : ExpressionParser.ParseTest(test, scope),
            Template = template is null ? null : ExpressionParser.ParseTemplate(template, scope),
            OnlyIfRequired = onlyIfRequired,
            AwaitsReservation = awaits,
            Options = options ?? OptionSet.Empty,
            Valid = valid,
            Boot = boot ?? BootFields.Empty,
        });
        return this;
    }

    public ClassGuard Guard(params string[] names) => new([.. names.Select(n => this[n])]);

    public ImmutableArray<ClientClass> Named(params string[] names) => [.. names.Select(n => this[n])];

    public static OptionSet Options(params (ushort Code, byte Value)[] options)
        => new(options.Select(static o => new ConfiguredOption(o.Code, Vendor: null, [o.Value], AlwaysSend: false, NeverSend: false)));

    public static GuardedSubnet Subnet6(uint id, string prefix, params AddressPool[] pools)
    {
        Ipv6Prefix.TryParse(prefix, out var parsed).ShouldBeTrue();
        return new GuardedSubnet(id, parsed, pools);
    }

    public static AddressPool Pool6(string first, ClassGuard? guard = null, params ClientClass[] required)
    {
        Ipv6Address.TryParse(first, out var address).ShouldBeTrue();
        return new AddressPool { Range = new PoolRange(address.Value, 128, 16, 4), Options = OptionSet.Empty, Guard = guard, RequiredClasses = [.. required] };
    }

    /// <summary>A subnet of interface <c>test</c>, or of another one.</summary>
    internal sealed record GuardedSubnet(uint Id, Ipv6Prefix Prefix, AddressPool[] Pools)
    {
        public string Interface { get; init; } = "test";

        public OptionSet Local { get; init; } = OptionSet.Empty;

        public OptionSet Global { get; init; } = OptionSet.Empty;

        public ImmutableArray<ClientClass> Required { get; init; } = [];

        public ReservationTable Reservations { get; init; } = ReservationTable.Empty;

        public Subnet Make(ClassGuard? guard = null) => new()
        {
            Id = Id,
            Prefix = Prefix,
            Selectors = new SubnetSelectors { Interface = Interface },
            Pools = [.. Pools],
            PrefixPools = [],
            Lifetimes = new Lifetimes(3000, 3000, 3000, 4000, 4000, 4000),
            Timers = new RenewalTimers(T1: null, T2: null),
            Options = Local.Over(Global),
            LocalOptions = Local,
            Guard = guard,
            RequiredClasses = Required,
            Reservations = Reservations,
        };
    }
}
