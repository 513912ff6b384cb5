namespace Lease.Host.Configuration;

/// <summary>The option space of a protocol: what can be configured, and how options within options are laid out.</summary>
/// <param name="Space">Its name in the configuration.</param>
/// <param name="MaxCode">The highest code.</param>
/// <param name="Standard">The options that are known by name.</param>
internal sealed record OptionUniverse(string Space, ushort MaxCode, IReadOnlyList<OptionType> Standard)
{
    public static readonly OptionUniverse Dhcp6 = new(StandardOptions.Dhcp6, ushort.MaxValue, StandardOptions.All);
    public static readonly OptionUniverse Dhcp4 = new(StandardOptions4.Dhcp4, 254, StandardOptions4.All);

    /// <summary>An option as it stands within another.</summary>
    public byte[] Inner(ushort code, byte[] data) => Space == StandardOptions.Dhcp6
        ? [(byte)(code >> 8), (byte)code, (byte)(data.Length >> 8), (byte)data.Length, .. data]
        : [(byte)code, (byte)data.Length, .. data];
}
