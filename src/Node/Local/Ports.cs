using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace RaftStream.Node.Local;

/// <summary>Finds free ports on loopback.</summary>
/// <remarks>
/// Not "listen on port 0": that gives ports of the range from which the kernel takes the local ends of outgoing connections. While a
/// node is down somebody's connection could take its port, and a peer that keeps dialling a dead port of that range can even connect
/// to itself. So we try ports below the range. Another program may still take one before its node does; see <see cref="LocalCluster"/>.
/// </remarks>
internal static class Ports
{
    private const int Lowest = 10_000;
    private const int DefaultEphemeralStart = 32_768;
    private const int Tries = 1_000;

    /// <summary>Finds that many different ports that are free at this moment.</summary>
    /// <exception cref="UsageException">There are not enough.</exception>
    public static IReadOnlyList<int> Find(int count)
    {
        var end = EphemeralStart();
        var found = new HashSet<int>();
        for (var attempt = 0; attempt < Tries && found.Count < count; attempt++)
        {
            var port = System.Security.Cryptography.RandomNumberGenerator.GetInt32(Lowest, end);
            if (IsFree(port))
                found.Add(port);
        }
        return found.Count == count
            ? [.. found]
            : throw new UsageException($"There are no {count} free ports between {Lowest} and {end - 1} on this machine: give some with --base-port.");
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
        var known = int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var start) && start > Lowest + Tries;
        return known ? Math.Min(start, 60_000) : DefaultEphemeralStart;
    }
}
