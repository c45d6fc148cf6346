using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace RaftStream.Testing;

/// <summary>
/// Tells which node's process dialled a connection that was accepted on loopback: so nodes may hand one address of a node to each other, and a proxy behind it
/// knows which way the bytes take. Linux only. Owned by a driver; thread-safe.
/// </summary>
/// <remarks>
/// The kernel lists the dialling end among its sockets, under its port and ours, with the number of its socket, and each process's open files, with the same
/// number. A process that a node started itself is none of the nodes. It costs a few milliseconds, once a connection.
/// </remarks>
/// <param name="pids">The processes of the nodes that run, by node.</param>
internal sealed class Diallers(Func<IReadOnlyList<(int Node, int Pid)>> pids)
{
    private const int LocalColumn = 1;
    private const int RemoteColumn = 2;
    private const int SocketColumn = 9;

    /// <summary>The kernel's lists of TCP sockets; most programs dial 127.0.0.1 from sockets of IPv6, which stand in the second.</summary>
    private static readonly string[] Lists = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>Whether this machine tells.</summary>
    public static bool CanTell { get; } = OperatingSystem.IsLinux() && File.Exists(Lists[0]) && Directory.Exists("/proc/self/fd");

    /// <summary>The node that dialled; <see cref="Link.Clients"/> if it is none of them, null if the dialling end is gone already.</summary>
    public int? NodeOf(Socket accepted)
    {
        if (SocketOf((IPEndPoint)accepted.RemoteEndPoint!, (IPEndPoint)accepted.LocalEndPoint!) is not { } socket)
            return null;
        foreach (var (node, pid) in pids())
        {
            if (Holds(pid, socket))
                return node;
        }
        return Link.Clients;
    }

    /// <summary>What a process's open file is a link to if it is the socket with these two ends; null if nobody has it open.</summary>
    private static string? SocketOf(IPEndPoint near, IPEndPoint far)
    {
        var (local, remote) = (Text(near), Text(far));
        foreach (var list in Lists.Where(File.Exists))
        {
            foreach (var line in File.ReadLines(list))
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > SocketColumn && words[LocalColumn].EndsWith(local, StringComparison.Ordinal) && words[RemoteColumn].EndsWith(remote, StringComparison.Ordinal))
                    return words[SocketColumn] == "0" ? null : $"socket:[{words[SocketColumn]}]";
            }
        }
        return null;
    }

    /// <summary>An end as the lists have it: the address as a number in the machine's own order of bytes; an IPv4 address ends one of IPv6 alike.</summary>
    private static string Text(IPEndPoint end)
    {
        var address = BitConverter.ToUInt32(end.Address.MapToIPv4().GetAddressBytes());
        return string.Create(CultureInfo.InvariantCulture, $"{address:X8}:{end.Port:X4}");
    }

    private static bool Holds(int pid, string socket)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fd")).Any(file => new FileInfo(file).LinkTarget == socket);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // It has ended.
        }
    }
}
