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

    /// <summary>The data folder.</summary>
    public string? Data { get; set; }

    /// <summary>Where to listen for clients.</summary>
    public string? Http { get; set; }

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
    /// <summary>Where a node listens for clients unless told otherwise.</summary>
    public const string DefaultHttp = "127.0.0.1:8080";

    /// <summary>Judges the options.</summary>
    /// <exception cref="UsageException">The first thing that is wrong, in one sentence.</exception>
    public static NodeSettings From(NodeOptions options)
    {
        var id = new NodeId((int)Number(Required(options.Id, "--id", "N, this node's id"), "--id", 1, NodeId.MaxValue));
        var members = MemberList.Parse(Required(options.Cluster, "--cluster", "1=host:port,2=host:port,..."));
        if (!members.ContainsKey(id))
            throw new Commands.UsageException($"--cluster does not name node {id}: --id must be one of {string.Join(", ", members.Keys.Order())}.");
        var data = Required(options.Data, "--data", "DIR");
        var election = Number(options.ElectionTimeoutMs ?? "300", "--election-timeout-ms", 50, 60_000);
        var heartbeat = Number(options.HeartbeatMs ?? Math.Min(50, election / 3).ToString(CultureInfo.InvariantCulture), "--heartbeat-ms", 1, 20_000);
        if (heartbeat * 3 > election)
            throw new Commands.UsageException($"--heartbeat-ms {heartbeat} is more than a third of --election-timeout-ms {election}: give at most {election / 3}.");
        return new NodeSettings(
            id,
            members,
            MemberList.ClusterGuid(options.ClusterId, members),
            Path.GetFullPath(data),
            Addresses.Parse(options.Http ?? DefaultHttp, "--http", allowPortZero: true),
            TimeSpan.FromMilliseconds(election),
            TimeSpan.FromMilliseconds(heartbeat),
            options.SnapshotAfterBytes is { } bytes ? Number(bytes, "--snapshot-after-bytes", 65_536, long.MaxValue) : RaftNodeOptions.DefaultSnapshotAfterBytes,
            Level(options.LogLevel ?? "warning"));
    }

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
