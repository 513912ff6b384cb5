using Lease.Actors.Configuration;

namespace Lease.Actors.Dhcp4;

/// <summary>The levels whose options an answer has, the most specific first: host, pool, subnet and shared network, the client's classes, global.</summary>
internal readonly struct Dhcp4Levels(Dhcp4Answer answer, OptionSet global)
{
    // Host, pool and subnet.
    private const int Places = 3;

    /// <summary>How many there are; some may be empty.</summary>
    public int Count => answer.Classes is { } classes ? Places + classes.Count + 1 : Places;

    /// <summary>One of them.</summary>
    public OptionSet this[int level] => level switch
    {
        0 => answer.Reservation?.Options ?? OptionSet.Empty,
        1 => answer.Pool?.Options ?? OptionSet.Empty,
        2 => answer.Classes is null ? answer.Subnet.Options : answer.Subnet.LocalOptions,
        _ => level - Places < answer.Classes!.Count ? answer.Classes[level - Places].Options : global,
    };

    /// <summary>The most specific level's option.</summary>
    public ConfiguredOption? Find(ushort code)
    {
        for (var level = 0; level < Count; level++)
        {
            if (this[level].Find(code) is { } option)
                return option;
        }

        return null;
    }
}
