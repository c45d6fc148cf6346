using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Node.Hosting;

/// <summary>Judges what a node was told of its ports for clients.</summary>
internal static class SecuritySettings
{
    /// <summary>Judges the options.</summary>
    /// <exception cref="UsageException">The first thing that is wrong, in one sentence.</exception>
    public static ClientSecurity From(NodeOptions options) => new()
    {
        TokensFile = File(options.Tokens, "--tokens"),
        Tls = Certificates(options),
        NodeSecretFile = File(options.NodeSecret, "--node-secret"),
        AllowsInsecure = ProgramSettings.Flag(options.InsecureClients ?? "false", "--insecure-clients"),
        Limits = new()
        {
            MaxConnections = options.MaxConnections is { } connections ? (int)ProgramSettings.Number(connections, "--max-connections", 1, ClientLimits.MostConnections) : null,
            MaxInFlight = (int)ProgramSettings.Number(options.MaxInFlight ?? $"{ClientLimits.MostInFlight}", "--max-in-flight", 1, ClientLimits.MostInFlight),
            RequestsPerSecond = (int)ProgramSettings.Number(options.MaxRequestsPerSecond ?? "0", "--max-requests-per-second", 0, ClientLimits.MostRequestsPerSecond),
            MaxKeyBytes = (int)ProgramSettings.Number(options.MaxKeyBytes ?? $"{CounterKeys.MaxBytes}", "--max-key-bytes", 1, CounterKeys.MaxBytes),
        },
    };

    private static ClientTlsOptions? Certificates(NodeOptions options)
    {
        if (options is { ClientTlsCert: null, ClientTlsKey: null, ClientTlsCa: null })
            return null;
        return new()
        {
            CertificateFile = ProgramSettings.Required(options.ClientTlsCert, "--client-tls-cert", "FILE, as well as --client-tls-key"),
            KeyFile = ProgramSettings.Required(options.ClientTlsKey, "--client-tls-key", "FILE, as well as --client-tls-cert"),
            AuthorityFile = File(options.ClientTlsCa, "--client-tls-ca"),
        };
    }

    private static string? File(string? text, string flag) => text is null ? null : ProgramSettings.Required(text, flag, "FILE");
}
