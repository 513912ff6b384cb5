using Lease.Actors.Configuration;
using Lease.Kernel.Actors;
using Lease.Kernel.Persistence;
using Lease.Kernel.Sharding;

namespace Lease.Actors.Bindings;

/// <summary>
/// A DECLINE was committed. Sender: a binding, by the event stream; receiver: <see cref="DeclinedLimit"/>. May be lost: the address then stays
/// out of use for its probation.
/// </summary>
/// <param name="Binding">Whose it was.</param>
/// <param name="Unit">The address.</param>
/// <param name="EndsAt">When its probation ends, Unix milliseconds.</param>
/// <param name="Subnet">Its subnet.</param>
/// <param name="Configuration">The configuration under which it was declined.</param>
internal sealed record LeaseDeclined(EntityKey Binding, LeaseKey Unit, long EndsAt, Subnet Subnet, ServiceConfiguration Configuration);

/// <summary>
/// Keeps clients from declining whole pools: of a subnet's addresses no more than a limit are on probation, then the one that was declined first
/// comes back into use. It counts what was declined at this node since the node serves. Owner: the server; lives as long as it.
/// </summary>
public sealed class DeclinedLimit : ReceiveActor
{
    private readonly Dictionary<(Type Service, uint Subnet), OrderedDictionary<LeaseKey, LeaseDeclined>> declined = [];
    private readonly IActorRef region;

    /// <summary>Makes it; <paramref name="region"/> has the bindings.</summary>
    public DeclinedLimit(IActorRef region)
    {
        this.region = region;
        Receive<LeaseDeclined>(Take);
    }

    /// <inheritdoc/>
    protected override void PreStart() => Context.System.EventStream.Subscribe<LeaseDeclined>(Self);

    private void Take(LeaseDeclined told)
    {
        var service = (told.Configuration.GetType(), told.Subnet.Id);
        if (!declined.TryGetValue(service, out var units))
            declined.Add(service, units = []);
        units.Remove(told.Unit);
        units.Add(told.Unit, told);
        var now = Context.System.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        var limit = told.Configuration.DeclinedLimitOn(told.Subnet);
        while (units.Count > 0 && (units.Count > limit || units.GetAt(0).Value.EndsAt <= now))
        {
            var oldest = units.GetAt(0).Value;
            units.RemoveAt(0);
            region.Tell(new ExpireBinding(oldest.Binding, told.Configuration, oldest.Unit));
        }
    }
}
