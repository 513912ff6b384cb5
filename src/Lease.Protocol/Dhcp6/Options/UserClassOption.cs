namespace Lease.Protocol.Dhcp6.Options;

/// <summary>USER_CLASS (RFC 8415 section 21.15): elements of u16 length and opaque data, at least one.</summary>
public readonly ref struct UserClassOption
{
    private UserClassOption(ReadOnlySpan<byte> data) => Classes = new(data);

    /// <summary>The classes that the client says it belongs to.</summary>
    public ElementList Classes { get; }

    /// <summary>Reads a checked option.</summary>
    public static bool TryRead(Option option, out UserClassOption userClass)
    {
        userClass = default;
        if (option.Code != OptionCode.UserClass)
            return false;
        userClass = new(option.Data);
        return true;
    }

    /// <summary>Begins the option; the caller writes elements with <see cref="ElementList.WriteElement"/> and ends the option.</summary>
    /// <returns>The mark for <see cref="Dhcp6Writer.EndOption"/>.</returns>
    public static int Begin(ref Dhcp6Writer writer) => writer.BeginOption(OptionCode.UserClass);

    /// <inheritdoc/>
    public override string ToString() => Classes.ToString();
}
