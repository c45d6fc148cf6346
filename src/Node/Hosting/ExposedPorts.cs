using System.Net;
using RaftStream.Hosting.Security;

namespace RaftStream.Node.Hosting;

/// <summary>A port for clients that others than this machine can reach is not opened to everybody by an oversight.</summary>
internal static class ExposedPorts
{
    /// <summary>Whether a port at that address is open to others without TLS, or without that they are asked who they are.</summary>
    public static bool IsInsecure(ClientSecurity security, IPAddress address) => !IPAddress.IsLoopback(address) && !(security.Tls is not null && security.IsClosed);

    /// <summary>Refuses such a port, or warns of it if it is wanted.</summary>
    /// <exception cref="UsageException">It is not.</exception>
    public static void Check(NodeSettings settings, IPAddress address, string flag, ILogger logger)
    {
        var security = settings.Security;
        if (!IsInsecure(security, address))
            return;
        if (security.AllowsInsecure)
        {
            logger.Insecure(settings.Id, address.ToString(), Lack(security));
            return;
        }

        throw new UsageException(
            $"{flag} opens a port at {address} that others than this machine can reach, {Lack(security)}: give --client-tls-cert and --client-tls-key, and --tokens or --client-tls-ca, or --insecure-clients where only clients that may do everything can reach it.");
    }

    private static string Lack(ClientSecurity security) => (security.Tls, security.IsClosed) switch
    {
        (null, true) => "without TLS",
        (null, false) => "without TLS and to everybody",
        _ => "to everybody",
    };
}
