using System.Text.Json;
using RaftStream.Node.Commands;

namespace RaftStream.Node.Hosting;

/// <summary>Gathers a node's settings from flags, environment and file; the first of these that has a setting decides it.</summary>
internal static class NodeConfiguration
{
    /// <summary>No configuration file is larger, in bytes.</summary>
    public const int MaxFileBytes = 256 * 1024;

    // The setting, as the file has it, and the environment variable with the same meaning.
    private static readonly (string Key, string Variable)[] Settings =
    [
        ("id", "RAFTSTREAM_ID"),
        ("cluster", "RAFTSTREAM_CLUSTER"),
        ("join", "RAFTSTREAM_JOIN"),
        ("listen", "RAFTSTREAM_LISTEN"),
        ("advertise", "RAFTSTREAM_ADVERTISE"),
        ("incarnation", "RAFTSTREAM_INCARNATION"),
        ("tlsCert", "RAFTSTREAM_TLS_CERT"),
        ("tlsKey", "RAFTSTREAM_TLS_KEY"),
        ("tlsCa", "RAFTSTREAM_TLS_CA"),
        ("data", "RAFTSTREAM_DATA"),
        ("http", "RAFTSTREAM_HTTP"),
        ("advertiseHttp", "RAFTSTREAM_ADVERTISE_HTTP"),
        ("client", "RAFTSTREAM_CLIENT"),
        ("advertiseClient", "RAFTSTREAM_ADVERTISE_CLIENT"),
        ("resp", "RAFTSTREAM_RESP"),
        ("advertiseResp", "RAFTSTREAM_ADVERTISE_RESP"),
        ("clusterId", "RAFTSTREAM_CLUSTER_ID"),
        ("electionTimeoutMs", "RAFTSTREAM_ELECTION_TIMEOUT_MS"),
        ("heartbeatMs", "RAFTSTREAM_HEARTBEAT_MS"),
        ("snapshotAfterBytes", "RAFTSTREAM_SNAPSHOT_AFTER_BYTES"),
        ("outboxCommands", "RAFTSTREAM_OUTBOX_COMMANDS"),
        ("outboxBytes", "RAFTSTREAM_OUTBOX_BYTES"),
        ("tokens", "RAFTSTREAM_TOKENS"),
        ("clientTlsCert", "RAFTSTREAM_CLIENT_TLS_CERT"),
        ("clientTlsKey", "RAFTSTREAM_CLIENT_TLS_KEY"),
        ("clientTlsCa", "RAFTSTREAM_CLIENT_TLS_CA"),
        ("nodeSecret", "RAFTSTREAM_NODE_SECRET"),
        ("insecureClients", "RAFTSTREAM_INSECURE_CLIENTS"),
        ("maxConnections", "RAFTSTREAM_MAX_CONNECTIONS"),
        ("maxInFlight", "RAFTSTREAM_MAX_IN_FLIGHT"),
        ("maxRequestsPerSecond", "RAFTSTREAM_MAX_REQUESTS_PER_SECOND"),
        ("maxKeyBytes", "RAFTSTREAM_MAX_KEY_BYTES"),
        ("logLevel", "RAFTSTREAM_LOG_LEVEL"),
    ];

    /// <summary>Gathers the settings; <paramref name="file"/> may be null, then RAFTSTREAM_CONFIG is looked at.</summary>
    /// <exception cref="UsageException">The file is missing, unreadable, no JSON object, or has a setting that does not exist.</exception>
    public static IReadOnlyDictionary<string, string?> Load(
        IReadOnlyDictionary<string, string?> flags, Func<string, string?> environment, string? file)
    {
        file ??= environment("RAFTSTREAM_CONFIG");
        var fromFile = file is null ? new Dictionary<string, string?>(StringComparer.Ordinal) : ReadFile(file);
        var merged = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var (key, variable) in Settings)
            merged[key] = flags.GetValueOrDefault(key) ?? environment(variable) ?? fromFile.GetValueOrDefault(key);
        return merged;
    }

    private static Dictionary<string, string?> ReadFile(string file)
    {
        try
        {
            // A file and nothing else: a device or a pipe could feed us for ever.
            if (new FileInfo(file) is { Exists: true, Length: > MaxFileBytes })
                throw new UsageException($"The configuration file {file} is larger than {MaxFileBytes} bytes: it is no configuration of a node.");
            using var stream = File.OpenRead(file);
            using var document = JsonDocument.Parse(stream, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return Flatten(document.RootElement, file);
        }
        catch (JsonException exception)
        {
            throw new UsageException(
                $"The configuration file {file} is damaged at line {exception.LineNumber + 1}: it must be one JSON object such as {{\"id\":1,\"cluster\":\"1=host:port\",\"data\":\"folder\"}}.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new UsageException($"The configuration file {file} cannot be read: {exception.Message}", exception);
        }
    }

    private static Dictionary<string, string?> Flatten(JsonElement root, string file)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new UsageException($"The configuration file {file} must hold one JSON object, not {root.ValueKind}.");
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var property in root.EnumerateObject())
        {
            if (!Array.Exists(Settings, setting => string.Equals(setting.Key, property.Name, StringComparison.Ordinal)))
                throw new UsageException($"The configuration file {file} has the unknown setting '{property.Name}': it may have {string.Join(", ", Settings.Select(setting => setting.Key))}.");
            values[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.String => property.Value.GetString(),
                JsonValueKind.Number => property.Value.GetRawText(),
                JsonValueKind.True or JsonValueKind.False when property.Name is "join" or "insecureClients" => property.Value.GetRawText(),
                _ => throw new UsageException($"The configuration file {file} has a {property.Value.ValueKind} for '{property.Name}': give a text or a number."),
            };
        }
        return values;
    }
}
