using System.Text.Json;
using System.Text.Json.Serialization;
using RaftStream.Node.Commands;

namespace RaftStream.Node.Local;

/// <summary>A node of a local cluster: where it listens for peers, for clients over HTTP, for those of the binary protocol and of Redis's, host:port each; the last two may be null.</summary>
internal sealed record LocalMember(int Id, string Raft, string Http, string? Client = null, string? Resp = null)
{
    /// <summary>Where clients reach it.</summary>
    [JsonIgnore]
    public string HttpAddress => "http://" + Http;
}

/// <summary>What a local cluster must remember to come back as the same one: <c>cluster.json</c> in its folder.</summary>
internal sealed record ClusterFile(string ClusterId, IReadOnlyList<LocalMember> Nodes)
{
    /// <summary>For peers, for HTTP, for the binary protocol and for Redis's.</summary>
    public const int PortsANode = 4;

    private const string Name = "cluster.json";

    /// <summary>The members as <c>--cluster</c> takes them.</summary>
    [JsonIgnore]
    public string Members => string.Join(',', Nodes.Select(node => $"{node.Id}={node.Raft}"));

    /// <summary>A new cluster on free ports, or on those from <paramref name="basePort"/> on: four a node.</summary>
    public static ClusterFile Create(int nodes, int? basePort)
    {
        var ports = basePort is { } first ? [.. Enumerable.Range(first, nodes * PortsANode)] : Ports.Find(nodes * PortsANode);
        var members = Enumerable.Range(0, nodes)
            .Select(place => new LocalMember(place + 1, $"127.0.0.1:{ports[place]}", $"127.0.0.1:{ports[nodes + place]}", $"127.0.0.1:{ports[(2 * nodes) + place]}", $"127.0.0.1:{ports[(3 * nodes) + place]}"));
        return new ClusterFile("local-" + Guid.NewGuid().ToString("N"), [.. members]);
    }

    /// <summary>Reads the folder's file; null if the folder has no cluster yet.</summary>
    /// <exception cref="UsageException">The file is damaged, or the folder holds something else.</exception>
    public static ClusterFile? Read(string folder)
    {
        var path = Path.Combine(folder, Name);
        try
        {
            if (!File.Exists(path))
            {
                if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
                    throw new UsageException($"The folder {folder} is not empty and has no {Name}: give the folder of an earlier cluster or an empty one.");
                return null;
            }
            var file = JsonSerializer.Deserialize(File.ReadAllBytes(path), LocalJson.Default.ClusterFile);
            if (file is null || string.IsNullOrEmpty(file.ClusterId) || file.Nodes is null || file.Nodes.Count == 0)
                throw new UsageException($"The file {path} is damaged: put the right one back, or start over in an empty folder.");
            return file;
        }
        catch (JsonException exception)
        {
            throw new UsageException($"The file {path} is damaged: put the right one back, or start over in an empty folder.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The folder {folder} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Deletes the file, if it is there: nodes with a temporary folder have deleted all of it when they end.</summary>
    public static void Delete(string folder)
    {
        if (Directory.Exists(folder))
            File.Delete(Path.Combine(folder, Name));
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <exception cref="UsageException">The folder cannot be written.</exception>
    public void Write(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var path = Path.Combine(folder, Name);
            File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(this, LocalJson.Default.ClusterFile));
            File.Move(path + ".new", path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The folder {folder} cannot be written: {exception.Message}", exception);
        }
    }
}

/// <summary>One node in the line that <c>cluster --json</c> prints.</summary>
internal sealed record ReadyNode(int Id, int Pid, string Http, string Raft, string? Client, string? Resp);

/// <summary>The line that <c>cluster --json</c> prints.</summary>
internal sealed record ReadyCluster(IReadOnlyList<ReadyNode> Nodes);

/// <summary>How the local cluster's files and lines are written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(ClusterFile))]
[JsonSerializable(typeof(ReadyCluster))]
internal sealed partial class LocalJson : JsonSerializerContext;
