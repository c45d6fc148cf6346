using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace RaftStream.Raft.Wire;

/// <summary>How the transport makes its sockets: where it binds, and how soon the kernel must notice a peer that vanished.</summary>
internal static class Sockets
{
    /// <summary>Silence after which the kernel probes an idle connection; it probes every second and gives up after three probes.</summary>
    private const int KeepAliveSeconds = 2;
    private const int KeepAliveProbes = 3;

    /// <summary>Sent bytes must be acknowledged by the peer's kernel within this many milliseconds, or the connection is dead.</summary>
    private const int UserTimeoutMilliseconds = 5_000;

    private const int ListenBacklog = 128;
    private const int ProtocolTcp = 6;
    private const int LinuxTcpUserTimeout = 18;

    /// <summary>
    /// Sets what every connection between nodes needs: no waiting for small frames, and an end within seconds when the other
    /// machine is gone without a word. Keep-alive finds that on an idle connection; Linux stops probing while sent bytes are
    /// unacknowledged, and would then go on resending for a quarter of an hour, hence the user timeout.
    /// </summary>
    public static void Tune(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
        if (OperatingSystem.IsLinux())
            socket.SetRawSocketOption(ProtocolTcp, LinuxTcpUserTimeout, BitConverter.GetBytes(UserTimeoutMilliseconds));
    }

    /// <summary>Binds and listens.</summary>
    /// <exception cref="ReplicaException">The address is invalid, not of this machine, or taken.</exception>
    public static async Task<Socket> ListenAsync(NodeId node, DnsEndPoint address, CancellationToken cancellationToken)
    {
        var text = TransportOptions.Text(address);
        Socket? socket = null;
        try
        {
            var ip = await ResolveAsync(address.Host, cancellationToken);
            socket = new(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (ip.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(new IPEndPoint(ip, address.Port));
            socket.Listen(ListenBacklog);
            return socket;
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            throw new ReplicaException(exception.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse =>
                    $"Node {node} cannot listen for its peers at {text} because the port is taken: stop the program that holds it, or give the node another port in every member's list.",
                SocketError.AddressNotAvailable =>
                    $"Node {node} cannot listen for its peers at {text} because that is no address of this machine: correct the member's address, or listen at 0.0.0.0.",
                SocketError.AccessDenied =>
                    $"Node {node} may not listen for its peers at {text}: take a port above 1023, or give the program the right to this one.",
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
                    $"Node {node} cannot listen for its peers at {text} because that name has no address: correct the member's address, or listen at 0.0.0.0.",
                _ => $"Node {node} cannot listen for its peers at {text}: {Reason(exception)}.",
            }, exception);
        }
    }

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">Nobody answers there.</exception>
    /// <exception cref="OperationCanceledException">The caller's time is up.</exception>
    public static async Task<Socket> DialAsync(DnsEndPoint address, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, cancellationToken);

            // While nobody listens there, the kernel may choose that very port as our own, and TCP then connects the socket to
            // itself, which would keep the peer from binding when it comes back.
            if (socket.LocalEndPoint is { } local && local.Equals(socket.RemoteEndPoint))
                throw new SocketException((int)SocketError.ConnectionRefused);
            Tune(socket);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether a connection can end with that exception in the ordinary course of things.</summary>
    public static bool IsOrdinary(Exception exception) => exception is IOException or SocketException or ObjectDisposedException or AuthenticationException;

    /// <summary>The kernel's own words for what happened, without a full stop.</summary>
    public static string Reason(Exception exception) => exception switch
    {
        ObjectDisposedException => "it was closed on this side",
        EndOfStreamException => "the other side closed it",
        AuthenticationException { InnerException: AuthenticationException } => exception.Message,
        _ => exception.GetBaseException().Message.TrimEnd('.'),
    };

    private static async Task<IPAddress> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        if (host is "*")
            return Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        if (string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase))
            return IPAddress.Loopback;
        if (IPAddress.TryParse(host, out var ip))
            return ip;
        var found = await Dns.GetHostAddressesAsync(host, cancellationToken);
        return Array.Find(found, candidate => candidate.AddressFamily == AddressFamily.InterNetwork)
            ?? (found.Length > 0 ? found[0] : throw new SocketException((int)SocketError.HostNotFound));
    }
}
