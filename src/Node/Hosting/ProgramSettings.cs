using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;

namespace RaftStream.Node.Hosting;

/// <summary>The settings of a node that is a program, judged and ready to use: each refusal names the flag.</summary>
internal sealed record ProgramSettings
{
    /// <summary>What the replica is told.</summary>
    public required NodeSettings Node { get; init; }

    /// <summary>Where it listens for clients.</summary>
    public required DnsEndPoint Http { get; init; }

    /// <summary>What its log tells.</summary>
    public required LogLevel LogLevel { get; init; }

    /// <summary>Where a node listens for clients unless told otherwise.</summary>
    public const string DefaultHttp = "127.0.0.1:8080";

    /// <summary>Judges the options.</summary>
    /// <exception cref="UsageException">The first thing that is wrong, in one sentence.</exception>
    public static ProgramSettings From(NodeOptions options)
    {
        var id = new NodeId((int)Number(Required(options.Id, "--id", "N, this node's id"), "--id", 1, NodeId.MaxValue));
        var join = Flag(options.Join ?? "false", "--join");
        var (members, clusterId) = join ? Joining(options, id) : Forming(options, id);
        var data = Required(options.Data, "--data", "DIR");
        var election = Number(options.ElectionTimeoutMs ?? "300", "--election-timeout-ms", 50, 60_000);
        var heartbeat = Number(options.HeartbeatMs ?? Math.Min(50, election / 3).ToString(CultureInfo.InvariantCulture), "--heartbeat-ms", 1, 20_000);
        if (heartbeat * 3 > election)
            throw new UsageException($"--heartbeat-ms {heartbeat} is more than a third of --election-timeout-ms {election}: give at most {election / 3}.");
        var security = SecuritySettings.From(options);
        if (security.LacksSecret(isAlone: members.Count == 1 && !join, asksItself: false))
            throw new UsageException("--node-secret is missing: with --client-tls-ca clients may ask by a certificate, and only with a secret can another node believe this one who asked; make a file with 'raftstream token secret', the same for all nodes.");
        var http = Addresses.Parse(options.Http ?? DefaultHttp, "--http", allowPortZero: true);
        var node = new NodeSettings
        {
            Id = id,
            Members = members,
            ClusterId = clusterId,
            Data = Path.GetFullPath(data),
            ElectionTimeout = TimeSpan.FromMilliseconds(election),
            Heartbeat = TimeSpan.FromMilliseconds(heartbeat),
            SnapshotAfterBytes = options.SnapshotAfterBytes is { } bytes ? Number(bytes, "--snapshot-after-bytes", 65_536, long.MaxValue) : RaftNodeOptions.DefaultSnapshotAfterBytes,
            OutboxCommands = options.OutboxCommands is { } commands ? (int)Number(commands, "--outbox-commands", NodeSettings.MinOutboxCommands, NodeSettings.MaxOutboxCommands) : RaftNodeOptions.DefaultOutboxCommands,
            OutboxBytes = options.OutboxBytes is { } most ? Number(most, "--outbox-bytes", NodeSettings.MinOutboxBytes, NodeSettings.MaxOutboxBytes) : RaftNodeOptions.DefaultOutboxBytes,
            Join = join,
            Listen = options.Listen is { } listen ? Addresses.Parse(listen, "--listen", allowPortZero: false) : members[id],
            AdvertiseHttp = options.AdvertiseHttp is { } told ? (options.ClientTlsCert is null ? "http://" : "https://") + Addresses.Format(Addresses.Dialable(told, "--advertise-http")) : null,
            ClientHost = http.Host,
            Client = options.Client is { } client ? Addresses.Parse(client, "--client", allowPortZero: false) : null,
            AdvertiseClient = options.AdvertiseClient is { } port ? Addresses.Dialable(port, "--advertise-client") : null,
            Resp = options.Resp is { } resp ? Addresses.Parse(resp, "--resp", allowPortZero: false) : null,
            AdvertiseResp = options.AdvertiseResp is { } spoken ? Addresses.Dialable(spoken, "--advertise-resp") : null,
            Incarnation = (uint)Number(options.Incarnation ?? "0", "--incarnation", 0, uint.MaxValue),
            Tls = Certificates(options),
            Security = security,
        };
        return new() { Node = node, Http = http, LogLevel = Level(options.LogLevel ?? "warning") };
    }

    private static (IReadOnlyDictionary<NodeId, DnsEndPoint> Members, Guid ClusterId) Forming(NodeOptions options, NodeId id)
    {
        if (options.Incarnation is not null)
            throw new UsageException("--incarnation is for a node that joins a running cluster: give --join as well, or leave it out.");
        if (options.Advertise is not null)
            throw new UsageException("--advertise is for a node that joins a running cluster: leave it out, --cluster says where the others dial this node and --listen where it listens.");
        var members = MemberList.Parse(Required(options.Cluster, "--cluster", "1=host:port,2=host:port,..."));
        if (!members.ContainsKey(id))
            throw new UsageException($"--cluster does not name node {id}: --id must be one of {string.Join(", ", members.Keys.Order())}, or give --join for a node that a running cluster adds.");
        return (members, MemberList.ClusterGuid(options.ClusterId, members));
    }

    /// <summary>Who the members are the node will learn from their leader; but it must know which cluster it is that may add it.</summary>
    private static (IReadOnlyDictionary<NodeId, DnsEndPoint> Members, Guid ClusterId) Joining(NodeOptions options, NodeId id)
    {
        var listen = Required(options.Listen, "--listen", "host:port, where the other nodes dial this one");
        var address = options.Advertise is { } told ? Addresses.Dialable(told, "--advertise") : Addresses.Parse(listen, "--listen", allowPortZero: false);
        if (string.IsNullOrEmpty(options.ClusterId) && string.IsNullOrWhiteSpace(options.Cluster))
            throw new UsageException("--cluster-id is missing: give the name that the other nodes have, or, where they have none, the very --cluster that they were first started with.");
        var first = string.IsNullOrEmpty(options.ClusterId) ? MemberList.Parse(options.Cluster!) : new Dictionary<NodeId, DnsEndPoint>();
        return (new Dictionary<NodeId, DnsEndPoint> { [id] = address }, MemberList.ClusterGuid(options.ClusterId, first));
    }

    /// <summary>The files for TLS between the nodes: all three or none.</summary>
    /// <exception cref="UsageException">Only some are named.</exception>
    public static PeerTlsOptions? Certificates(NodeOptions options)
    {
        if (options is { TlsCert: null, TlsKey: null, TlsCa: null })
            return null;
        return new()
        {
            CertificateFile = Required(options.TlsCert, "--tls-cert", "FILE, as well as --tls-key and --tls-ca"),
            KeyFile = Required(options.TlsKey, "--tls-key", "FILE, as well as --tls-cert and --tls-ca"),
            AuthorityFile = Required(options.TlsCa, "--tls-ca", "FILE, as well as --tls-cert and --tls-key"),
        };
    }

    /// <exception cref="UsageException">It is neither true nor false.</exception>
    public static bool Flag(string text, string flag) => text.ToLowerInvariant() switch
    {
        "true" => true,
        "false" => false,
        _ => throw new UsageException($"{flag} '{text}' is neither true nor false."),
    };

    /// <exception cref="UsageException">It is missing.</exception>
    public static string Required(string? value, string flag, string example) =>
        string.IsNullOrWhiteSpace(value) ? throw new UsageException($"{flag} is missing: give {flag} {example}.") : value;

    /// <exception cref="UsageException">It is no number in that range.</exception>
    public static long Number(string text, string flag, long least, long most) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw new UsageException($"{flag} '{text}' is not a number from {least} to {most}.");

    private static LogLevel Level(string text) => text.ToLowerInvariant() switch
    {
        "debug" => LogLevel.Debug,
        "information" => LogLevel.Information,
        "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "none" => LogLevel.None,
        _ => throw new UsageException($"--log-level '{text}' is unknown: give debug, information, warning, error or none."),
    };
}

/// <summary>Judges the options when the host starts, so that nothing starts half.</summary>
internal sealed class NodeOptionsValidator : IValidateOptions<NodeOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, NodeOptions options)
    {
        try
        {
            ProgramSettings.From(options);
            return ValidateOptionsResult.Success;
        }
        catch (UsageException exception)
        {
            return ValidateOptionsResult.Fail(exception.Message);
        }
    }
}
