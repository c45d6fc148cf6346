using System.CommandLine;

namespace RaftStream.Node.Commands;

/// <summary>The flags of a node that say who may do what on its ports for clients, and how much of it.</summary>
internal static class SecurityFlags
{
    private static readonly (string Setting, Option<string?> Option)[] Texts =
    [
        ("tokens", new("--tokens") { Description = "Who may do what: the file that 'raftstream token create' writes, the same on all nodes.", HelpName = "FILE" }),
        ("clientTlsCert", new("--client-tls-cert") { Description = "TLS on the ports for clients: this node's certificate there (PEM).", HelpName = "FILE" }),
        ("clientTlsKey", new("--client-tls-key") { Description = "TLS on the ports for clients: its private key (PEM).", HelpName = "FILE" }),
        ("clientTlsCa", new("--client-tls-ca") { Description = "TLS on the ports for clients: the authorities of clients' and of the other nodes' certificates (PEM).", HelpName = "FILE" }),
        ("nodeSecret", new("--node-secret") { Description = "By which nodes believe each other who asks: the file that 'raftstream token secret' writes, the same on all nodes.", HelpName = "FILE" }),
        ("maxConnections", new("--max-connections") { Description = "The most connections of each port for clients (default 4096 for HTTP, 1024 for the others).", HelpName = "N" }),
        ("maxInFlight", new("--max-in-flight") { Description = "The most requests of one connection that are worked at together, 1 to 1024 (default 1024).", HelpName = "N" }),
        ("maxRequestsPerSecond", new("--max-requests-per-second") { Description = "The most requests a second of one client at this node (default 0: no limit).", HelpName = "N" }),
        ("maxKeyBytes", new("--max-key-bytes") { Description = "The longest key, 1 to 4096 bytes (default 4096).", HelpName = "N" }),
    ];

    private static readonly Option<bool> Insecure = new("--insecure-clients")
    {
        Description = "Open the ports for clients to everybody who can reach them, beyond this machine, without TLS or without asking who it is.",
    };

    /// <summary>Adds them to a command.</summary>
    public static void AddTo(Command command)
    {
        foreach (var (_, option) in Texts)
            command.Add(option);
        command.Add(Insecure);
    }

    /// <summary>Adds what was given to the settings.</summary>
    public static void Read(ParseResult parsed, Dictionary<string, string?> settings)
    {
        foreach (var (setting, option) in Texts)
            settings[setting] = parsed.GetValue(option);
        settings["insecureClients"] = parsed.GetResult(Insecure) is null ? null : parsed.GetValue(Insecure) ? "true" : "false";
    }
}
