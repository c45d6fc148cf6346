using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RaftStream.Raft.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// Dials the node as somebody who is no member: random bytes, greetings with changed bits and mended checksums, TLS, pieces of greetings,
/// and many connections that are left open. A thread of its own.
/// </summary>
internal sealed class FuzzStrangers(FuzzState state, DnsEndPoint target, int seed)
{
    private const int LeftOpen = 200;

    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(3);

    private readonly Random _random = new(seed);
    private readonly Queue<Socket> _open = new();

    /// <summary>Connections made.</summary>
    public long Connections { get; private set; }

    /// <summary>Dials until the run is over.</summary>
    public void Run()
    {
        var address = IPAddress.Parse(target.Host);
        while (!state.IsOver)
        {
            Thread.Sleep(Breath);
            if (state.IsPaused)
                continue;
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { SendTimeout = 1000 };
            _open.Enqueue(socket);
            try
            {
                socket.Connect(address, target.Port);
                Connections++;
                socket.Send(Opening());
            }
            catch (SocketException)
            {
                continue; // It is being started again, or hung up already.
            }
            finally
            {
                while (_open.Count > LeftOpen)
                    _open.Dequeue().Dispose();
            }
        }

        while (_open.TryDequeue(out var socket))
            socket.Dispose();
    }

    private byte[] Opening()
    {
        switch (_random.Next(5))
        {
            case 0:
                var bytes = new byte[_random.Next(1, 2000)];
                _random.NextBytes(bytes);
                return bytes;
            case 1:
                // The head of a TLS record with a ClientHello of random bytes.
                var hello = new byte[_random.Next(16, 600)];
                _random.NextBytes(hello);
                (hello[0], hello[1], hello[2], hello[5]) = (0x16, 3, 1, 1);
                BinaryPrimitives.WriteUInt16BigEndian(hello.AsSpan(3), (ushort)(hello.Length - 5));
                return hello;
            case 2:
                var whole = Greeting(self: _random.Next(1, 4));
                return whole[..(1 + _random.Next(whole.Length - 1))];
            case 3:
                return Greeting(self: _random.Next(4, 100)); // A guest, which says nothing more.
            default:
                var changed = Greeting(self: _random.Next(1, 6));
                for (var times = _random.Next(1, 4); times > 0; times--)
                    changed[_random.Next(8, changed.Length)] ^= (byte)(1 << _random.Next(8));
                if (_random.Next(4) != 0)
                    BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(changed.Length - 4), Crc32C.Of(changed.AsSpan(0, changed.Length - 4)));
                return changed;
        }
    }

    private byte[] Greeting(int self)
    {
        var identity = PlayedMember.Identity(new(self)) with { ClientAddress = "client:1", PeerAddress = _random.Next(2) == 0 ? "127.0.0.1:9" : "" };
        var bytes = new byte[Handshake.LargestSize];
        return bytes[..Handshake.Greeting(identity, FuzzNode.Self, (Lane)_random.Next(3)).Write(bytes)];
    }
}
