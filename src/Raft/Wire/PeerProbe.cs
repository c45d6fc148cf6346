using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace RaftStream.Raft.Wire;

/// <summary>Finds out whether a node answers, without taking part: one connection, one greeting, closed.</summary>
internal static class PeerProbe
{
    /// <summary>
    /// Whether a node of that cluster runs at an address. In doubt yes: somebody who speaks the protocol and refuses only our TLS or our version
    /// may well be it. One that holds another cluster or incarnation, or has another id, is not.
    /// </summary>
    public static async Task<bool> AnswersAsync(DnsEndPoint address, HandshakeIdentity own, NodeId peer, PeerTls tls, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        try
        {
            using var socket = await Sockets.DialAsync(address, limit.Token);
            await using var plain = new NetworkStream(socket, ownsSocket: false);
            await using var connection = await tls.DialAsync(plain, peer, limit.Token);
            var result = await HandshakeExchange.DialAsync(connection, own, peer, Lane.Control, limit.Token);
            return result.Refusal is not (HandshakeRefusal.OtherCluster or HandshakeRefusal.OtherIncarnation or HandshakeRefusal.WrongTarget or HandshakeRefusal.Garbage);
        }
        catch (AuthenticationException)
        {
            return true;
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
