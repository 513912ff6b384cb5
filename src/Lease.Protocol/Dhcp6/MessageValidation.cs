namespace Lease.Protocol.Dhcp6;

/// <summary>What RFC 8415 section 16 says of a message that was received.</summary>
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

    /// <summary>A leasequery without LQ_QUERY.</summary>
    NoQuery,

    /// <summary>A type that clients do not take from servers.</summary>
    NotForClients,

    /// <summary>For another client.</summary>
    OtherClient,

    /// <summary>A RECONFIGURE without a RECONF_MSG that names RENEW, REBIND or INFORMATION-REQUEST.</summary>
    NoReconfigureMessage,

    /// <summary>A RECONFIGURE without AUTH.</summary>
    NoAuthentication,
}

/// <summary>The rules of RFC 8415 section 16 and RFC 5007 section 4.2: which message must, and must not, have what.</summary>
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

    /// <summary>Judges a LEASEQUERY or ACTIVELEASEQUERY (RFC 5007 section 4.2.1, RFC 7653 section 8.2), from the server's side.</summary>
    /// <param name="message">The message.</param>
    /// <param name="serverDuid">This server's DUID.</param>
    public static Validity CheckLeaseQuery(in Dhcp6Message message, ReadOnlySpan<byte> serverDuid)
    {
        if (message.Type is not (MessageType.LeaseQuery or MessageType.ActiveLeaseQuery))
            return Validity.NotForServers;
        var options = message.Options;
        if (options.TryGet(OptionCode.ServerId, out var server) && !server.SequenceEqual(serverDuid))
            return Validity.OtherServer;
        if (message.Type == MessageType.ActiveLeaseQuery)
            return Validity.Valid;
        if (!options.Contains(OptionCode.ClientId))
            return Validity.NoClientId;
        return options.Contains(OptionCode.LqQuery) || options.Contains(OptionCode.Dhcpv4Message) ? Validity.Valid : Validity.NoQuery;
    }

    /// <summary>Judges a server's message, from the client's side (RFC 8415 sections 16.3, 16.10 and 16.11). The transaction-id is left to the caller.</summary>
    /// <param name="message">The message.</param>
    /// <param name="clientDuid">The client's DUID; empty where its request had none.</param>
    public static Validity CheckFromServer(in Dhcp6Message message, ReadOnlySpan<byte> clientDuid)
    {
        if (message.Type is not (MessageType.Advertise or MessageType.Reply or MessageType.Reconfigure))
            return Validity.NotForClients;
        var options = message.Options;
        if (!options.Contains(OptionCode.ServerId))
            return Validity.NoServerId;
        var hasClient = options.TryGet(OptionCode.ClientId, out var client);
        if (!hasClient && !clientDuid.IsEmpty)
            return Validity.NoClientId;
        if (!client.SequenceEqual(clientDuid))
            return Validity.OtherClient;
        return message.Type == MessageType.Reconfigure ? CheckReconfigure(options) : Validity.Valid;
    }

    private static Validity CheckReconfigure(OptionList options)
    {
        if (!options.Contains(OptionCode.Authentication))
            return Validity.NoAuthentication;
        var named = options.TryGetNumber(OptionCode.ReconfigureMessage, out var type) ? (MessageType)type : default;
        return named is MessageType.Renew or MessageType.Rebind or MessageType.InformationRequest ? Validity.Valid : Validity.NoReconfigureMessage;
    }
}
