namespace Lease.Protocol.Dhcp6;

/// <summary>What RFC 8415 section 16 says of a message that a server received.</summary>
public enum Validity
{
    /// <summary>To be answered.</summary>
    Valid,

    /// <summary>A type that servers do not answer.</summary>
    NotForServers,

    /// <summary>CLIENTID is missing where it must be.</summary>
    NoClientId,

    /// <summary>SERVERID is missing where it must be.</summary>
    NoServerId,

    /// <summary>SERVERID is there where it must not be.</summary>
    UnexpectedServerId,

    /// <summary>For another server.</summary>
    OtherServer,

    /// <summary>An identity association in an INFORMATION-REQUEST.</summary>
    UnexpectedIa,

    /// <summary>Two CLIENTIDs or SERVERIDs.</summary>
    DuplicateId,
}

/// <summary>The rules of RFC 8415 section 16, from the server's side.</summary>
public static class MessageValidation
{
    /// <summary>Judges a client's message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="serverDuid">This server's DUID.</param>
    public static Validity Check(in Dhcp6Message message, ReadOnlySpan<byte> serverDuid)
    {
        var options = message.Options;
        if (options.Count(OptionCode.ClientId) > 1 || options.Count(OptionCode.ServerId) > 1)
            return Validity.DuplicateId;
        var hasClient = options.Contains(OptionCode.ClientId);
        var hasServer = options.TryGet(OptionCode.ServerId, out var server);
        switch (message.Type)
        {
            // Sections 16.2, 16.5, 16.7.
            case MessageType.Solicit or MessageType.Confirm or MessageType.Rebind:
                return !hasClient ? Validity.NoClientId : hasServer ? Validity.UnexpectedServerId : Validity.Valid;

            // Sections 16.4, 16.6, 16.8, 16.9.
            case MessageType.Request or MessageType.Renew or MessageType.Decline or MessageType.Release:
                if (!hasClient)
                    return Validity.NoClientId;
                return !hasServer ? Validity.NoServerId : server.SequenceEqual(serverDuid) ? Validity.Valid : Validity.OtherServer;

            // Section 16.12.
            case MessageType.InformationRequest:
                if (options.Contains(OptionCode.IaNa) || options.Contains(OptionCode.IaTa) || options.Contains(OptionCode.IaPd))
                    return Validity.UnexpectedIa;
                return hasServer && !server.SequenceEqual(serverDuid) ? Validity.OtherServer : Validity.Valid;

            default:
                return Validity.NotForServers;
        }
    }
}
