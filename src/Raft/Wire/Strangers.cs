using System.Net;
using System.Net.Sockets;

namespace RaftStream.Raft.Wire;

/// <summary>
/// The connections between accept and the end of their handshake: at most <see cref="Max"/>. One more pushes out the oldest of the address
/// that holds the most. An honest handshake takes milliseconds, so what is pushed out dawdles; and whoever dials a thousand times from one
/// address pushes out nobody but itself. Owned by the acceptor; any thread.
/// </summary>
internal sealed class Strangers
{
    /// <summary>The most connections in their handshake.</summary>
    public const int Max = 64;

    private readonly Lock _gate = new();
    private readonly LinkedList<(Socket Socket, IPAddress Address)> _oldestFirst = [];

    /// <summary>A connection comes in. What it pushes out is closed.</summary>
    public void Enter(Socket socket)
    {
        var address = (socket.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        Socket? pushed = null;
        lock (_gate)
        {
            if (_oldestFirst.Count == Max)
            {
                var crowd = _oldestFirst.GroupBy(static stranger => stranger.Address).MaxBy(static group => group.Count())!.Key;
                pushed = Remove(_oldestFirst.First(stranger => stranger.Address.Equals(crowd)).Socket);
            }

            _oldestFirst.AddLast((socket, address));
        }

        pushed?.Dispose();
    }

    /// <summary>A connection's handshake is over, well or badly.</summary>
    public void Leave(Socket socket)
    {
        lock (_gate)
            Remove(socket);
    }

    private Socket? Remove(Socket socket)
    {
        for (var node = _oldestFirst.First; node is not null; node = node.Next)
        {
            if (!ReferenceEquals(node.Value.Socket, socket))
                continue;
            _oldestFirst.Remove(node);
            return socket;
        }

        return null;
    }
}
