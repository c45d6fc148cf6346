using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace RaftStream.Hosting.Security;

/// <summary>A kind of port for clients.</summary>
/// <param name="Name">In meters and sentences.</param>
/// <param name="UsualConnections">So many connections at a time, unless the settings say otherwise.</param>
/// <param name="TellsItself">Whether its protocol can say that there are too many: then a few more are let through to be told so (<see cref="ConnectionAdmission"/>).</param>
internal sealed record ClientFacingPort(string Name, int UsualConnections, bool TellsItself)
{
    /// <summary>HTTP.</summary>
    public static readonly ClientFacingPort Http = new("http", 4_096, TellsItself: false);

    /// <summary>The binary protocol.</summary>
    public static readonly ClientFacingPort Client = new("client", 1_024, TellsItself: true);

    /// <summary>The Redis protocol.</summary>
    public static readonly ClientFacingPort Resp = new("resp", 4_096, TellsItself: true);
}

/// <summary>Whether a connection is one of as many as its port takes; a feature of the connection.</summary>
/// <param name="IsAdmitted">False: tell the client that there are too many, and end.</param>
/// <param name="Limit">As many as there may be.</param>
internal sealed record ConnectionAdmission(bool IsAdmitted, int Limit);

/// <summary>
/// What every port for clients has, in this order: a bound on its connections, counted before anything is read; TLS, where it is on; and a <see cref="ConnectionIdentity"/> among the features of each connection.
/// </summary>
internal static class ClientFacing
{
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>Makes a port one for clients; to be called before its handler is set.</summary>
    public static void Secure(ListenOptions listen, ClientFacingPort port)
    {
        var services = listen.ApplicationServices;
        var limit = services.GetRequiredService<NodeSettings>().Security.Limits.MaxConnections ?? port.UsualConnections;
        var gate = new PortGate(port, limit, services.GetRequiredService<ClientMeters>());
        listen.Use(next => connection => gate.EnterAsync(connection, next));

        // No HTTP/2: a connection has one request at a time, as without TLS.
        listen.Protocols = HttpProtocols.Http1;
        var certificates = services.GetRequiredService<ClientCertificates>();
        if (certificates.IsOn)
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(Handshake(certificates)) });

        var (access, time) = (services.GetRequiredService<AccessControl>(), services.GetRequiredService<TimeProvider>());
        listen.Use(next => connection =>
        {
            connection.Features.Set(new ConnectionIdentity(access, () => connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate, time));
            return next(connection);
        });
    }

    /// <summary>By the certificates of this moment. Sessions are not resumed: a resumed one would be judged by what was in force when it began.</summary>
    private static SslServerAuthenticationOptions Handshake(ClientCertificates certificates) => new()
    {
        ServerCertificateContext = certificates.Current!.Context,
        ClientCertificateRequired = certificates.AsksClients,
        RemoteCertificateValidationCallback = certificates.Accepts,
        EnabledSslProtocols = Versions,
        AllowTlsResume = false,
        AllowRenegotiation = false,
    };
}

/// <summary>Counts the connections of one port. Any thread.</summary>
internal sealed class PortGate(ClientFacingPort port, int limit, ClientMeters meters)
{
    /// <summary>So many more are let through to be told that there are too many.</summary>
    private const int ToBeTold = 64;

    private int _open;

    /// <summary>Lets a connection through, or ends it.</summary>
    public async Task EnterAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var number = Interlocked.Increment(ref _open);
        meters.Opened(port.Name);
        try
        {
            if (number > limit)
                meters.Refused(port.Name, RefusalReasons.Connections);
            connection.Features.Set(new ConnectionAdmission(number <= limit, limit));
            if (number <= limit + (port.TellsItself ? ToBeTold : 0))
                await next(connection);
            else
                connection.Abort(new ConnectionAbortedException($"The {port.Name} port has {limit} connections, as many as it takes."));
        }
        finally
        {
            Interlocked.Decrement(ref _open);
            meters.Closed(port.Name);
        }
    }
}
