using Lease.Actors.Bindings;

namespace Lease.Actors.Leasequery;

/// <summary>What QUERY_BY_DEVICE_ID compares: the client's link-layer address with its hardware type (2 octets) in front, as in CLIENT_LINKLAYER_ADDR (RFC 6939 section 4).</summary>
public static class DeviceId
{
    /// <summary>The device-id of a binding; empty when it is not known.</summary>
    public static ReadOnlySpan<byte> Of(in BindingView view) => view.LinkLayerAddress;

    /// <summary>The device-id of a binding; null when it is not known.</summary>
    public static ReadOnlyMemory<byte>? Of(Binding binding) => binding.LinkLayerAddress.IsEmpty ? null : binding.LinkLayerAddress;
}
