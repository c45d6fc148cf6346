using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;

namespace RaftStream.Node.Hosting;

/// <summary>A node's settings as they were written: texts from flags, environment or file, not yet judged.</summary>
internal sealed class NodeOptions
{
    /// <summary>This node's id.</summary>
    public string? Id { get; set; }

    /// <summary>All members: <c>1=host:port,2=host:port</c>.</summary>
    public string? Cluster { get; set; }

    /// <summary>Whether to wait until a running cluster adds this node: true or false.</summary>
    public string? Join { get; set; }

    /// <summary>Where to listen for peers; unless the node joins, its address in the list of members if it is not given.</summary>
    public string? Listen { get; set; }

    /// <summary>With join: where the peers dial this node, if not where it listens.</summary>
    public string? Advertise { get; set; }

    /// <summary>With join: the incarnation of the cluster.</summary>
    public string? Incarnation { get; set; }

    /// <summary>The node's certificate for its peers, a PEM file.</summary>
    public string? TlsCert { get; set; }

    /// <summary>Its private key, a PEM file.</summary>
    public string? TlsKey { get; set; }

    /// <summary>The authorities whose signature makes a peer's certificate good, a PEM file.</summary>
    public string? TlsCa { get; set; }

    /// <summary>The data folder.</summary>
    public string? Data { get; set; }

    /// <summary>Where to listen for clients.</summary>
    public string? Http { get; set; }

    /// <summary>Where clients, and the other nodes for them, find this node, if not where it listens for clients.</summary>
    public string? AdvertiseHttp { get; set; }

    /// <summary>Where to listen for clients of the binary protocol; nowhere unless it is given.</summary>
    public string? Client { get; set; }

    /// <summary>Where those clients find this node, if not where it listens for them.</summary>
    public string? AdvertiseClient { get; set; }

    /// <summary>The cluster's name.</summary>
    public string? ClusterId { get; set; }

    /// <summary>Milliseconds, 50 to 60,000.</summary>
    public string? ElectionTimeoutMs { get; set; }

    /// <summary>Milliseconds, at most a third of the election timeout.</summary>
    public string? HeartbeatMs { get; set; }

    /// <summary>Bytes, at least 65,536.</summary>
    public string? SnapshotAfterBytes { get; set; }

    /// <summary>debug, information, warning, error or none.</summary>
    public string? LogLevel { get; set; }
}

/// <summary>A node's settings, judged and ready to use.</summary>
internal sealed record NodeSettings(
    NodeId Id,
    IReadOnlyDictionary<NodeId, DnsEndPoint> Members,
    Guid ClusterId,
    string Data,
    DnsEndPoint Http,
    TimeSpan ElectionTimeout,
    TimeSpan Heartbeat,
    long SnapshotAfterBytes,
    LogLevel LogLevel)
{
    /// <summary>Whether this node waits until a running cluster adds it; <see cref="Members"/> then holds it alone.</summary>
    public bool Join { get; init; }

    /// <summary>Where this node listens for its peers; they dial it at its address in <see cref="Members"/>.</summary>
    public required DnsEndPoint Listen { get; init; }

    /// <summary>Where clients, and the other nodes for them, find this node; null for where it listens for clients.</summary>
    public DnsEndPoint? AdvertiseHttp { get; init; }

    /// <summary>Where to listen for clients of the binary protocol; null for nowhere.</summary>
    public DnsEndPoint? Client { get; init; }

    /// <summary>Where those clients find this node; null for where it listens for them.</summary>
    public DnsEndPoint? AdvertiseClient { get; init; }

    /// <summary>With <see cref="Join"/>: the incarnation of the cluster.</summary>
    public uint Incarnation { get; init; }

    /// <summary>The files for TLS between the nodes; null for none.</summary>
    public PeerTlsOptions? Tls { get; init; }

    /// <summary>Where a node listens for clients unless told otherwise.</summary>
    public const string DefaultHttp = "127.0.0.1:8080";

    /// <summary>Judges the options.</summary>
    /// <exception cref="UsageException">The first thing that is wrong, in one sentence.</exception>
    public static NodeSettings From(NodeOptions options)
    {
        var id = new NodeId((int)Number(Required(options.Id, "--id", "N, this node's id"), "--id", 1, NodeId.MaxValue));
        var join = Flag(options.Join ?? "false", "--join");
        var (members, clusterId) = join ? Joining(options, id) : Forming(options, id);
        var data = Required(options.Data, "--data", "DIR");
        var election = Number(options.ElectionTimeoutMs ?? "300", "--election-timeout-ms", 50, 60_000);
        var heartbeat = Number(options.HeartbeatMs ?? Math.Min(50, election / 3).ToString(CultureInfo.InvariantCulture), "--heartbeat-ms", 1, 20_000);
        if (heartbeat * 3 > election)
            throw new Commands.UsageException($"--heartbeat-ms {heartbeat} is more than a third of --election-timeout-ms {election}: give at most {election / 3}.");
        return new NodeSettings(
            id,
            members,
            clusterId,
            Path.GetFullPath(data),
            Addresses.Parse(options.Http ?? DefaultHttp, "--http", allowPortZero: true),
            TimeSpan.FromMilliseconds(election),
            TimeSpan.FromMilliseconds(heartbeat),
            options.SnapshotAfterBytes is { } bytes ? Number(bytes, "--snapshot-after-bytes", 65_536, long.MaxValue) : RaftNodeOptions.DefaultSnapshotAfterBytes,
            Level(options.LogLevel ?? "warning"))
        {
            Join = join,
            Listen = options.Listen is { } listen ? Addresses.Parse(listen, "--listen", allowPortZero: false) : members[id],
            Client = options.Client is { } client ? Addresses.Parse(client, "--client", allowPortZero: false) : null,
            AdvertiseClient = options.AdvertiseClient is { } port ? Dialable(port, "--advertise-client") : null,
            AdvertiseHttp = options.AdvertiseHttp is { } http ? Dialable(http, "--advertise-http") : null,
            Incarnation = (uint)Number(options.Incarnation ?? "0", "--incarnation", 0, uint.MaxValue),
            Tls = Certificates(options),
        };
    }

    private static (IReadOnlyDictionary<NodeId, DnsEndPoint> Members, Guid ClusterId) Forming(NodeOptions options, NodeId id)
    {
        if (options.Incarnation is not null)
            throw new Commands.UsageException("--incarnation is for a node that joins a running cluster: give --join as well, or leave it out.");
        if (options.Advertise is not null)
            throw new Commands.UsageException("--advertise is for a node that joins a running cluster: leave it out, --cluster says where the others dial this node and --listen where it listens.");
        var members = MemberList.Parse(Required(options.Cluster, "--cluster", "1=host:port,2=host:port,..."));
        if (!members.ContainsKey(id))
            throw new Commands.UsageException($"--cluster does not name node {id}: --id must be one of {string.Join(", ", members.Keys.Order())}, or give --join for a node that a running cluster adds.");
        return (members, MemberList.ClusterGuid(options.ClusterId, members));
    }

    /// <summary>Who the members are the node will learn from their leader; but it must know which cluster it is that may add it.</summary>
    private static (IReadOnlyDictionary<NodeId, DnsEndPoint> Members, Guid ClusterId) Joining(NodeOptions options, NodeId id)
    {
        var listen = Required(options.Listen, "--listen", "host:port, where the other nodes dial this one");
        var address = options.Advertise is { } told ? Dialable(told, "--advertise") : Addresses.Parse(listen, "--listen", allowPortZero: false);
        if (string.IsNullOrEmpty(options.ClusterId) && string.IsNullOrWhiteSpace(options.Cluster))
            throw new Commands.UsageException("--cluster-id is missing: give the name that the other nodes have, or, where they have none, the very --cluster that they were first started with.");
        var first = string.IsNullOrEmpty(options.ClusterId) ? MemberList.Parse(options.Cluster!) : new Dictionary<NodeId, DnsEndPoint>();
        return (new Dictionary<NodeId, DnsEndPoint> { [id] = address }, MemberList.ClusterGuid(options.ClusterId, first));
    }

    /// <summary>The files for TLS between the nodes: all three or none.</summary>
    /// <exception cref="Commands.UsageException">Only some are named.</exception>
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

    private static DnsEndPoint Dialable(string text, string flag)
    {
        var address = Addresses.Parse(text, flag, allowPortZero: false);
        return address.Host is "0.0.0.0" or "::" ? throw new Commands.UsageException($"{flag} {text} is no address that others can dial: give one of this machine.") : address;
    }

    private static bool Flag(string text, string flag) => text.ToLowerInvariant() switch
    {
        "true" => true,
        "false" => false,
        _ => throw new Commands.UsageException($"{flag} '{text}' is neither true nor false."),
    };

    private static string Required(string? value, string flag, string example) =>
        string.IsNullOrWhiteSpace(value) ? throw new Commands.UsageException($"{flag} is missing: give {flag} {example}.") : value;

    private static long Number(string text, string flag, long least, long most) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw new Commands.UsageException($"{flag} '{text}' is not a number from {least} to {most}.");

    private static LogLevel Level(string text) => text.ToLowerInvariant() switch
    {
        "debug" => LogLevel.Debug,
        "information" => LogLevel.Information,
        "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "none" => LogLevel.None,
        _ => throw new Commands.UsageException($"--log-level '{text}' is unknown: give debug, information, warning, error or none."),
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
            NodeSettings.From(options);
            return ValidateOptionsResult.Success;
        }
        catch (Commands.UsageException exception)
        {
            return ValidateOptionsResult.Fail(exception.Message);
        }
    }
}
