using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace RaftStream.Testing;

/// <summary>
/// Hands out ports of loopback that are free and stay ours until it is disposed, also while nobody listens at them: a node that is down has its port still.
/// Owned by one driver's <see cref="ProxyNet"/>; thread-safe.
/// </summary>
/// <remarks>
/// They lie below the range from which the kernel takes the local ends of outgoing connections: somebody's connection could take the port of a node that is down,
/// and whoever keeps dialling a dead port of that range can even be connected to itself. Against labs beside this one each port is claimed by a locked file in a
/// folder that all labs of the machine know. The lock goes with its process, however that ends; the file may stay, and means nothing then.
/// </remarks>
internal sealed class FreePorts : IDisposable
{
    private const int Lowest = 10_000;
    private const int DefaultEphemeralStart = 32_768;
    private const int Tries = 2_000;

    /// <summary>As for the folder of temporary files itself: labs of other users claim ports here, too, and nobody removes another one's claim.</summary>
    private const UnixFileMode ForAll = (UnixFileMode)0b1_111_111_111;

    private readonly Lock _lock = new();
    private readonly List<FileStream> _claims = [];
    private readonly string _folder;
    private readonly int _first;
    private readonly int _end;

    /// <summary>Ports of this machine, none taken yet.</summary>
    public FreePorts()
        : this(Path.Combine(Path.GetTempPath(), "raftstream-lab-ports"), Lowest, EphemeralStart())
    {
    }

    /// <summary>Ports from <paramref name="first"/> up to <paramref name="end"/> - 1, claimed in a folder, which is made if it is missing.</summary>
    public FreePorts(string folder, int first, int end)
    {
        (_folder, _first, _end) = (folder, first, end);
        if (Directory.Exists(folder))
            return;
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, ForAll);
    }

    /// <summary>A port that nobody uses and no other lab has.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public int Take()
    {
        lock (_lock)
        {
            for (var attempt = 0; attempt < Tries; attempt++)
            {
                // By chance and not in order: labs that run side by side must not all try the same.
                var port = RandomNumberGenerator.GetInt32(_first, _end);
                if (Claim(port) is not { } claim)
                    continue;
                if (IsFree(port))
                {
                    _claims.Add(claim);
                    return port;
                }
                claim.Dispose();
            }
        }
        throw new InvalidOperationException($"No free port was found between {_first} and {_end - 1} on this machine: end what takes so many of them, and see that {_folder} can be written to.");
    }

    /// <summary>Gives all ports back.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var claim in _claims)
                claim.Dispose();
            _claims.Clear();
        }
    }

    /// <summary>Null if the port has been claimed, here or by another lab.</summary>
    private FileStream? Claim(int port)
    {
        try
        {
            var file = Path.Combine(_folder, port.ToString(CultureInfo.InvariantCulture));
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Locked, or left by another user's lab that was killed: there are others.
            return null;
        }
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
