using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RaftStream.Hosting.ClientPort;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting;

/// <summary>Ports of the host's web server that are not for HTTP.</summary>
public static class RaftStreamListen
{
    /// <summary>
    /// Makes a port one for the binary protocol that the .NET client speaks, with TLS where <see cref="RaftStreamOptions.ClientTls"/> says so: <c>kestrel.Listen(address, 9001, static listen => listen.UseRaftStreamClients())</c>. Listen for
    /// HTTP first: the other nodes are told the first address. Who may ask is told by <see cref="RaftStreamOptions.TokensFile"/>: without it everybody who reaches the port.
    /// </summary>
    /// <exception cref="ArgumentNullException"><paramref name="listen"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The host has no replica.</exception>
    public static ListenOptions UseRaftStreamClients(this ListenOptions listen)
    {
        ArgumentNullException.ThrowIfNull(listen);
        if (listen.ApplicationServices.GetService<NodeSettings>() is null)
            throw new InvalidOperationException("This host has no replica whose clients could be listened for: call services.AddRaftStream first.");
        ClientFacing.Secure(listen, ClientFacingPort.Client);
        listen.UseConnectionHandler<ClientPortHandler>();
        return listen;
    }
}
