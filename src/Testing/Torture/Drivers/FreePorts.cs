using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace RaftStream.Testing;

/// <summary>Hands out ports of loopback that are free, each once. Owned by one driver; thread-safe.</summary>
/// <remarks>
/// They lie below the range from which the kernel takes the local ends of outgoing connections: while a node is down somebody's connection could take its
/// port, and whoever keeps dialling a dead port of that range can even be connected to itself.
/// </remarks>
internal sealed class FreePorts
{
    private const int Lowest = 10_000;
    private const int DefaultEphemeralStart = 32_768;
    private const int Tries = 2_000;

    private readonly HashSet<int> _taken = [];
    private readonly int _end = EphemeralStart();

    /// <summary>A port that is free now and was not handed out before.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public int Take()
    {
        lock (_taken)
        {
            for (var attempt = 0; attempt < Tries; attempt++)
            {
                // By chance and not in order: labs that run side by side must not all try the same.
                var port = RandomNumberGenerator.GetInt32(Lowest, _end);
                if (IsFree(port) && _taken.Add(port))
                    return port;
            }
        }
        throw new InvalidOperationException($"No free port was found between {Lowest} and {_end - 1} on this machine: end what takes so many of them.");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int EphemeralStart()
    {
        const string File = "/proc/sys/net/ipv4/ip_local_port_range";
        if (!System.IO.File.Exists(File))
            return DefaultEphemeralStart;
        var first = System.IO.File.ReadAllText(File).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        var isKnown = int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var start) && start > Lowest + Tries;
        return isKnown ? Math.Min(start, 60_000) : DefaultEphemeralStart;
    }
}
