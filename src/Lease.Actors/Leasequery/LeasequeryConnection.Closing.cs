using Lease.Kernel.IO;
using Lease.Protocol.Dhcp6;

namespace Lease.Actors.Leasequery;

/// <summary>How the connection ends.</summary>
internal sealed partial class LeasequeryConnection
{
    // While as many queries run as may, nothing is read, and the end would not be noticed.
    private void LookAtPeer()
    {
        var peer = connection.Peer;
        if (peer == PeerState.Gone)
            connection.Abort("the requestor reset the connection");
        else if (peer == PeerState.Finished)
            OnPeerClosed();
    }

    private void OnPeerClosed()
    {
        peerClosed = true;
        Pump();
    }

    // RFC 5460 section 6.4, RFC 7653 section 9.4: who waits for more is told that there will be none.
    private void Terminate(bool activeOnly, string reason)
    {
        for (var i = queries.Count - 1; i >= 0; i--)
        {
            if (activeOnly && queries[i] is not ActiveQuery)
                continue;
            queries[i].Terminate(output, Now, StatusCode.QueryTerminated, reason);
            Finish(i);
        }
    }

    private void CloseWhenDone()
    {
        if (finished && queries.Count == 0 && held is null)
            Close("done");
    }

    private void Close(string reason)
    {
        closing = reason;
        Become(Closing);
        CloseWhenSent();
    }

    // What waits goes out first; the transport closes after the write that is under way.
    private void CloseWhenSent()
    {
        Send();
        if (output.Waiting == 0)
            connection.Close(closing!);
    }

    private void OnClosed(ConnectionClosed closed)
    {
        service.Logger.ConnectionClosed(source, closed.Reason, clients + Sent());
        Context.Stop(Self);
    }

    /// <summary>Tells every connection that the server stops.</summary>
    public sealed class TerminateQueries
    {
        /// <summary>The only one there is.</summary>
        public static readonly TerminateQueries Instance = new();
    }
}
