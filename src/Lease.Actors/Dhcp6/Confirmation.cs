using Lease.Actors.Bindings;
using Lease.Actors.Configuration;
using Lease.Protocol.Dhcp6;
using Lease.Protocol.Dhcp6.Options;

namespace Lease.Actors.Dhcp6;

/// <summary>Answers CONFIRM (RFC 8415 section 18.3.3): whether every address of the client fits its link.</summary>
internal static class Confirmation
{
    /// <summary>The answer; null when the client names no address, and there is nothing to say.</summary>
    public static Answer? AnswerTo(Dhcp6Message message, Link link)
    {
        var addresses = 0;
        var onLink = true;
        foreach (var option in message.Options)
        {
            if (!IaOption.TryRead(option, out var ia))
                continue;
            foreach (var inner in ia.Options)
            {
                if (!IaAddressOption.TryRead(inner, out var address))
                    continue;
                addresses++;
                onLink &= link.Contains(address.Address);
            }
        }

        return addresses == 0 ? null : new Answer { Type = MessageType.Reply, Status = onLink ? StatusCode.Success : StatusCode.NotOnLink };
    }
}
