using System.Globalization;
using Lease.Actors.Configuration;
using Lease.Protocol;
using Lease.Protocol.Dhcp6;

namespace Lease.Host.Configuration;

/// <summary>What the global level, a shared network and a subnet have in common; each inherits from the one above what it does not set itself.</summary>
internal sealed record LevelSettings
{
    public uint? MinPreferred { get; init; }

    public uint Preferred { get; init; } = 3600;

    public uint? MaxPreferred { get; init; }

    public uint? MinValid { get; init; }

    public uint Valid { get; init; } = 7200;

    public uint? MaxValid { get; init; }

    public RenewalTimers Timers { get; init; } = new(T1: null, T2: null);

    public bool RapidCommit { get; init; }

    public bool ReservationsGlobal { get; init; }

    public bool ReservationsInSubnet { get; init; } = true;

    public bool ReservationsOutOfPool { get; init; }

    public double CacheThreshold { get; init; }

    public uint? CacheMaxAge { get; init; }

    public bool StoreExtendedInfo { get; init; } = true;

    public SubnetSelectors Selectors { get; init; } = new();

    public OptionSet Options { get; init; } = OptionSet.Empty;

    /// <summary>Without those of the global level.</summary>
    public OptionSet LocalOptions { get; init; } = OptionSet.Empty;

    public Lifetimes Lifetimes => new(MinPreferred ?? Preferred, Preferred, MaxPreferred ?? Preferred, MinValid ?? Valid, Valid, MaxValid ?? Valid);

    /// <summary>Reads a level over the one above it.</summary>
    public static LevelSettings Read(ConfigurationNode node, LevelSettings above, OptionDataReader options, bool selectors, IpFamily family)
    {
        var timers = above.Timers;
        var own = options.Read(node);
        var level = above with
        {
            Valid = node.Number("valid-lifetime") ?? above.Valid,
            MinValid = node.Number("min-valid-lifetime") ?? above.MinValid,
            MaxValid = node.Number("max-valid-lifetime") ?? above.MaxValid,
            Timers = new RenewalTimers(
                node.Number("renew-timer") ?? timers.T1,
                node.Number("rebind-timer") ?? timers.T2,
                node.Flag("calculate-tee-times") ?? timers.Calculate,
                node.Share("t1-percent", isWhole: false) ?? timers.T1Share,
                node.Share("t2-percent", isWhole: false) ?? timers.T2Share),
            RapidCommit = node.Flag("rapid-commit") ?? above.RapidCommit,
            ReservationsGlobal = node.Flag("reservations-global") ?? above.ReservationsGlobal,
            ReservationsInSubnet = node.Flag("reservations-in-subnet") ?? above.ReservationsInSubnet,
            ReservationsOutOfPool = node.Flag("reservations-out-of-pool") ?? above.ReservationsOutOfPool,
            CacheThreshold = node.Share("cache-threshold") ?? above.CacheThreshold,
            CacheMaxAge = node.Number("cache-max-age") ?? above.CacheMaxAge,
            StoreExtendedInfo = node.Flag("store-extended-info") ?? above.StoreExtendedInfo,
            Options = own.Over(above.Options),
            LocalOptions = selectors ? own.Over(above.LocalOptions) : OptionSet.Empty,
        };
        if (family == IpFamily.Ipv6)
        {
            level = level with
            {
                Preferred = node.Number("preferred-lifetime") ?? above.Preferred,
                MinPreferred = node.Number("min-preferred-lifetime") ?? above.MinPreferred,
                MaxPreferred = node.Number("max-preferred-lifetime") ?? above.MaxPreferred,
            };
        }

        level = level with { Selectors = selectors ? ReadSelectors(node, above.Selectors, family) : above.Selectors };
        level = ReadReservationMode(node, level);
        Check(node, level, family);
        return level;
    }

    private static SubnetSelectors ReadSelectors(ConfigurationNode node, SubnetSelectors above, IpFamily family)
    {
        var relays = new List<Ipv6Address>();
        if (node.Object("relay") is { } relay)
        {
            foreach (var text in relay.Texts("ip-addresses").Append(relay.Text("ip-address")).OfType<string>())
            {
                if (family.TryParse(text, out Ipv6Address address))
                    relays.Add(address);
                else
                    relay.Error("ip-addresses", $"\"{text}\" is no {family.Name} address");
            }

            relay.RefuseUnknown();
            if (!relay.Has("ip-addresses") && !relay.Has("ip-address"))
                relay.Error("needs ip-addresses");
        }

        if (family == IpFamily.Ipv4)
            return new SubnetSelectors { RelayAddresses = relays.Count > 0 ? [.. relays] : above.RelayAddresses };
        if (node.Has("interface") && node.Has("interface-id"))
            node.Error("interface-id", "clients are either direct, by interface, or relayed, by interface-id: not both");
        return new SubnetSelectors
        {
            Interface = node.Text("interface") is { Length: > 0 } name ? name : above.Interface,
            InterfaceId = ReadInterfaceId(node, "interface-id") ?? above.InterfaceId,
            RelayAddresses = relays.Count > 0 ? [.. relays] : above.RelayAddresses,
        };
    }

    /// <summary>As in Kea: text, or octets as 0x....</summary>
    public static byte[]? ReadInterfaceId(ConfigurationNode node, string key)
    {
        if (node.Text(key) is not { Length: > 0 } text)
            return null;
        return text.StartsWith("0x", StringComparison.Ordinal) && Duid.TryParse(text, out var octets) ? octets : System.Text.Encoding.UTF8.GetBytes(text);
    }

    // The names of Kea before 1.9.5.
    private static LevelSettings ReadReservationMode(ConfigurationNode node, LevelSettings level)
    {
        var mode = node.Choice("reservation-mode", "disabled", "off", "out-of-pool", "global", "all");
        if (mode is null)
            return level;
        if (node.Has("reservations-global") || node.Has("reservations-in-subnet") || node.Has("reservations-out-of-pool"))
            node.Error("reservation-mode", "is the older name of reservations-global, reservations-in-subnet and reservations-out-of-pool: leave it out");
        return level with { ReservationsGlobal = mode == "global", ReservationsInSubnet = mode is "out-of-pool" or "all", ReservationsOutOfPool = mode == "out-of-pool" };
    }

    private static void Check(ConfigurationNode node, LevelSettings level, IpFamily family)
    {
        var limits = level.Lifetimes;
        if (limits.MinPreferred > limits.Preferred || limits.Preferred > limits.MaxPreferred)
            node.Error("preferred-lifetime", $"must lie between its minimum and maximum: {limits.MinPreferred} <= {limits.Preferred} <= {limits.MaxPreferred}");
        if (limits.MinValid > limits.Valid || limits.Valid > limits.MaxValid)
            node.Error("valid-lifetime", $"must lie between its minimum and maximum: {limits.MinValid} <= {limits.Valid} <= {limits.MaxValid}");
        if (family == IpFamily.Ipv6 && limits.Preferred > limits.Valid)
            node.Warn("preferred-lifetime", $"{limits.Preferred} is longer than the valid lifetime {limits.Valid}: {limits.Valid} is used");
        if (level.Timers is { T1: { } t1, T2: { } t2 } && t1 > t2)
            node.Error("renew-timer", $"{t1} must not be longer than rebind-timer {t2}");
        if (level.Timers.T1Share >= level.Timers.T2Share)
            node.Error("t1-percent", string.Create(CultureInfo.InvariantCulture, $"{level.Timers.T1Share} must be less than t2-percent {level.Timers.T2Share}"));
    }
}
