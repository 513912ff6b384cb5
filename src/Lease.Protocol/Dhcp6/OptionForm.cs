namespace Lease.Protocol.Dhcp6;

/// <summary>The form of an option's data: what is checked before anybody reads it, and how it is shown.</summary>
internal enum OptionForm : byte
{
    /// <summary>Any octets.</summary>
    Opaque,

    /// <summary>UTF-8 for people.</summary>
    Text,

    /// <summary>A fixed number of octets.</summary>
    Fixed,

    /// <summary>A number of 1, 2 or 4 octets.</summary>
    Number,

    /// <summary>A u32 of seconds; 0xffffffff is infinity.</summary>
    Seconds,

    /// <summary>A u32 of seconds since 2000-01-01T00:00:00Z, modulo 2^32 (RFC 5460 section 5.2).</summary>
    AbsoluteTime,

    /// <summary>One IPv6 address.</summary>
    Address,

    /// <summary>IPv6 addresses.</summary>
    Addresses,

    /// <summary>Option codes.</summary>
    OptionCodes,

    /// <summary>Other codes of u16.</summary>
    Numbers,

    /// <summary>At least a number of octets, then anything.</summary>
    AtLeast,

    /// <summary>A fixed part, then options.</summary>
    Container,

    /// <summary>A fixed part, then options of a code space of their own.</summary>
    OwnSpace,

    /// <summary>A DUID.</summary>
    Duid,

    /// <summary>Elements, each with a u16 length in front, after a fixed part.</summary>
    Elements,

    /// <summary>Domain names (RFC 8415 section 10), after a fixed part.</summary>
    DomainNames,

    /// <summary>An IAPREFIX: a container whose prefix length is at octet 8.</summary>
    IaPrefix,

    /// <summary>A fixed part, then a prefix in the form of <see cref="Options.ShortPrefix"/>, then nothing.</summary>
    ShortPrefix,

    /// <summary>A fixed part, then a prefix in the form of <see cref="Options.ShortPrefix"/>, then options.</summary>
    ShortPrefixContainer,
}
