using System.CommandLine;
using RaftStream.Node.Hosting;

namespace RaftStream.Node.Commands;

/// <summary><c>raftstream node</c>: one replica with its HTTP server, until a signal ends it.</summary>
internal static class NodeCommand
{
    private static readonly Option<string?> Id = new("--id") { Description = "This node's id, 1 to 65535.", HelpName = "N" };

    private static readonly Option<string?> Cluster = new("--cluster")
    {
        Description = "All members with the addresses at which they dial each other.",
        HelpName = "1=host:port,2=host:port,...",
    };

    private static readonly Option<bool> Join = new("--join")
    {
        Description = "Wait to be added to a running cluster (raftstream members add); needs --listen and --cluster-id instead of --cluster.",
    };

    private static readonly Option<string?> Listen = new("--listen")
    {
        Description = "Where to listen for the other nodes (default: this node's address in --cluster).",
        HelpName = "host:port",
    };

    private static readonly Option<string?> Advertise = new("--advertise")
    {
        Description = "With --join: where the other nodes dial this one, if not at --listen.",
        HelpName = "host:port",
    };

    private static readonly Option<string?> Incarnation = new("--incarnation")
    {
        Description = "With --join: the cluster's incarnation, above 0 once it was restored or reset (raftstream members list says it).",
        HelpName = "N",
    };

    private static readonly Option<string?> TlsCert = new("--tls-cert") { Description = "TLS between the nodes: this node's certificate (PEM).", HelpName = "FILE" };
    private static readonly Option<string?> TlsKey = new("--tls-key") { Description = "TLS between the nodes: its private key (PEM).", HelpName = "FILE" };
    private static readonly Option<string?> TlsCa = new("--tls-ca") { Description = "TLS between the nodes: the authorities to trust (PEM).", HelpName = "FILE" };

    private static readonly Option<string?> Data = new("--data") { Description = "The folder for log and snapshots; made if missing.", HelpName = "DIR" };

    private static readonly Option<string?> Http = new("--http")
    {
        Description = "Where to listen for clients (default 127.0.0.1:8080).",
        HelpName = "host:port",
    };

    private static readonly Option<string?> AdvertiseHttp = new("--advertise-http")
    {
        Description = "Where clients, and the other nodes for them, find this one, if not at --http.",
        HelpName = "host:port",
    };

    private static readonly Option<string?> Client = new("--client")
    {
        Description = "Where to listen for clients of the binary protocol, such as RaftStream.Client (default: nowhere).",
        HelpName = "host:port",
    };

    private static readonly Option<string?> AdvertiseClient = new("--advertise-client")
    {
        Description = "Where those clients find this one, if not at --client.",
        HelpName = "host:port",
    };

    private static readonly Option<string?> Resp = new("--resp")
    {
        Description = "Where to listen for clients of the Redis protocol (default: nowhere).",
        HelpName = "host:port",
    };

    private static readonly Option<string?> AdvertiseResp = new("--advertise-resp")
    {
        Description = "Where those clients find this one, if not at --resp.",
        HelpName = "host:port",
    };

    private static readonly Option<string?> ClusterId = new("--cluster-id")
    {
        Description = "The cluster's name, the same on every node (default: the list of members).",
        HelpName = "NAME",
    };

    private static readonly Option<string?> ElectionTimeout = new("--election-timeout-ms")
    {
        Description = "The shortest time without a leader before an election, 50 to 60000 (default 300).",
        HelpName = "MS",
    };

    private static readonly Option<string?> Heartbeat = new("--heartbeat-ms")
    {
        Description = "The time between heartbeats, at most a third of the election timeout (default 50).",
        HelpName = "MS",
    };

    private static readonly Option<string?> SnapshotAfter = new("--snapshot-after-bytes")
    {
        Description = "A snapshot is taken after this many bytes of log, at least 65536 (default 16777216).",
        HelpName = "N",
    };

    private static readonly Option<string?> OutboxCommands = new("--outbox-commands")
    {
        Description = "The most writes with the concern 'available' that wait in this node's outbox, 1 to 1048576 (default 16384).",
        HelpName = "N",
    };

    private static readonly Option<string?> OutboxBytes = new("--outbox-bytes")
    {
        Description = "The most bytes of them, 65536 to 1073741824 (default 16777216).",
        HelpName = "N",
    };

    private static readonly Option<string?> LogLevel = new("--log-level")
    {
        Description = "What to write to standard error: debug, information, warning (default), error or none.",
        HelpName = "LEVEL",
    };

    private static readonly Option<string?> Config = new("--config")
    {
        Description = "A JSON file with the same settings (id, cluster, data, http, ...); flags and RAFTSTREAM_* variables go before it.",
        HelpName = "FILE",
    };

    // For processes that `cluster` and `demo` start: see ParentWatch.
    private static readonly Option<bool> ExitWithParent = new(ParentWatch.ExitOption) { Hidden = true };
    private static readonly Option<string?> DeleteWhenOrphaned = new(ParentWatch.DeleteOption) { Hidden = true };

    public static Command Build() => Build("Runs one node of a cluster until it is told to stop.", static (parsed, stop) => RunAsync(parsed, NodeIo.Real, static settings => settings, stop));

    /// <summary>The command with all its flags, and what it does with them.</summary>
    public static Command Build(string description, Func<ParseResult, CancellationToken, Task<int>> run)
    {
        var command = new Command("node", description)
        {
            Id, Cluster, Join, Listen, Advertise, Incarnation, TlsCert, TlsKey, TlsCa, Data, Http, AdvertiseHttp, Client, AdvertiseClient, Resp, AdvertiseResp, ClusterId, ElectionTimeout, Heartbeat, SnapshotAfter, OutboxCommands, OutboxBytes, LogLevel, Config, ExitWithParent, DeleteWhenOrphaned,
        };
        SecurityFlags.AddTo(command);
        command.SetAction(run);
        return command;
    }

    /// <summary>Runs the node that the flags ask for over a clock and a disk, with what <paramref name="complete"/> adds to its settings; throws as <see cref="NodeHost.RunAsync"/>.</summary>
    public static async Task<int> RunAsync(ParseResult parsed, NodeIo io, Func<NodeSettings, NodeSettings> complete, CancellationToken stop)
    {
        var flags = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["id"] = parsed.GetValue(Id),
            ["cluster"] = parsed.GetValue(Cluster),
            ["join"] = parsed.GetResult(Join) is null ? null : parsed.GetValue(Join) ? "true" : "false",
            ["listen"] = parsed.GetValue(Listen),
            ["advertise"] = parsed.GetValue(Advertise),
            ["incarnation"] = parsed.GetValue(Incarnation),
            ["tlsCert"] = parsed.GetValue(TlsCert),
            ["tlsKey"] = parsed.GetValue(TlsKey),
            ["tlsCa"] = parsed.GetValue(TlsCa),
            ["data"] = parsed.GetValue(Data),
            ["http"] = parsed.GetValue(Http),
            ["advertiseHttp"] = parsed.GetValue(AdvertiseHttp),
            ["client"] = parsed.GetValue(Client),
            ["advertiseClient"] = parsed.GetValue(AdvertiseClient),
            ["resp"] = parsed.GetValue(Resp),
            ["advertiseResp"] = parsed.GetValue(AdvertiseResp),
            ["clusterId"] = parsed.GetValue(ClusterId),
            ["electionTimeoutMs"] = parsed.GetValue(ElectionTimeout),
            ["heartbeatMs"] = parsed.GetValue(Heartbeat),
            ["snapshotAfterBytes"] = parsed.GetValue(SnapshotAfter),
            ["outboxCommands"] = parsed.GetValue(OutboxCommands),
            ["outboxBytes"] = parsed.GetValue(OutboxBytes),
            ["logLevel"] = parsed.GetValue(LogLevel),
        };
        SecurityFlags.Read(parsed, flags);
        var configuration = NodeConfiguration.Load(flags, Environment.GetEnvironmentVariable, parsed.GetValue(Config));
        using var parent = parsed.GetValue(ExitWithParent) ? ParentWatch.Start(parsed.GetValue(DeleteWhenOrphaned)) : null;
        return await NodeHost.RunAsync(configuration, parent, io, complete, stop);
    }
}
