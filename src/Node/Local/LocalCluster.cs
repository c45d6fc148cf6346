using System.Diagnostics;
using System.Globalization;
using RaftStream.Node.Commands;
using RaftStream.Node.Hosting;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;

namespace RaftStream.Node.Local;

/// <summary>How to start a <see cref="LocalCluster"/>.</summary>
/// <param name="Nodes">How many nodes.</param>
/// <param name="Folder">Their data: a folder node-1, node-2, ... each, and cluster.json.</param>
/// <param name="BasePort">The first of four ports a node; null: any free ones.</param>
/// <param name="Temporary">Whether the folder shall go even if this process is killed.</param>
/// <param name="OnError">Is given the number of a node and each line it writes to standard error; may be null.</param>
internal sealed record LocalClusterOptions(int Nodes, string Folder, int? BasePort, bool Temporary, Action<int, string>? OnError);

/// <summary>
/// The nodes of a cluster as child processes on this machine, real disks and TCP on loopback. Disposing it ends them all: asked to
/// stop at first, killed after five seconds.
/// </summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private const int PortAttempts = 5;
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan StatusPatience = TimeSpan.FromSeconds(1);

    private readonly LocalClusterOptions _options;
    private readonly ClusterFile _file;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, ChildNode> _children = [];
    private readonly HttpClient _http = HttpClients.Create();

    private LocalCluster(LocalClusterOptions options, ClusterFile file)
    {
        _options = options;
        _file = file;
    }

    /// <summary>The cluster's name.</summary>
    public string ClusterId => _file.ClusterId;

    /// <summary>The members.</summary>
    public IReadOnlyList<LocalMember> Members => _file.Nodes;

    /// <summary>Starts all nodes and waits until one leads and all follow it.</summary>
    /// <exception cref="UsageException">A node cannot start: the sentence that it ended with.</exception>
    /// <exception cref="UndecidedException">No leader in time.</exception>
    public static async Task<LocalCluster> StartAsync(LocalClusterOptions options, CancellationToken cancellationToken)
    {
        var known = ClusterFile.Read(options.Folder);
        if (known is not null && known.Nodes.Count != options.Nodes)
            throw new UsageException($"The folder {options.Folder} holds a cluster of {known.Nodes.Count} nodes, not {options.Nodes}: give --nodes {known.Nodes.Count} or another folder.");
        if (known is not null && options.BasePort is { } first && !known.Nodes[0].Raft.EndsWith($":{first}", StringComparison.Ordinal))
            throw new UsageException($"The folder {options.Folder} holds a cluster whose first node listens at {known.Nodes[0].Raft}: leave --base-port out or give another folder.");

        // Only a new cluster on ports of our own choice may move to others: the peers of an old one know each other by address.
        var attempts = known is null && options.BasePort is null ? PortAttempts : 1;
        for (var attempt = 1; ; attempt++)
        {
            var file = known ?? ClusterFile.Create(options.Nodes, options.BasePort);
            if (known is null)
                file.Write(options.Folder);
            var cluster = new LocalCluster(options, file);
            try
            {
                await cluster.StartChildrenAsync(cancellationToken);
                return cluster;
            }
            catch (UsageException exception) when (attempt < attempts && exception.Message.Contains("taken", StringComparison.Ordinal))
            {
                await cluster.DisposeAsync();
                cluster.Erase();
            }
            catch
            {
                // A cluster that never came up leaves the folder as it was.
                await cluster.DisposeAsync();
                if (known is null)
                    cluster.Erase();
                throw;
            }
        }
    }

    /// <summary>The process of a node; it may have ended.</summary>
    public ChildNode Child(int id)
    {
        lock (_gate)
            return _children[id];
    }

    /// <summary>Talks to a node.</summary>
    public NodeClient Client(int id) => new(_http, Members.First(member => member.Id == id).HttpAddress);

    /// <summary>The nodes whose process runs.</summary>
    public IReadOnlyList<int> Running => [.. Children().Where(child => !child.HasExited).Select(child => child.Member.Id).Order()];

    /// <summary>Starts a node, again if its process has ended.</summary>
    public ChildNode Start(int id)
    {
        var member = Members.First(candidate => candidate.Id == id);
        List<string> arguments =
        [
            "--id", member.Id.ToString(CultureInfo.InvariantCulture), "--cluster", _file.Members, "--cluster-id", _file.ClusterId,
            "--data", DataOf(member), "--http", member.Http,
        ];
        if (member.Client is { } client)
            arguments.AddRange(["--client", client]);
        if (member.Resp is { } resp)
            arguments.AddRange(["--resp", resp]);
        if (_options.Temporary)
            arguments.AddRange([ParentWatch.DeleteOption, Path.GetFullPath(_options.Folder)]);
        Action<string>? onError = _options.OnError is { } tell ? line => tell(id, line) : null;
        lock (_gate)
        {
            if (_children.Remove(id, out var old))
                old.Dispose();
            return _children[id] = ChildNode.Start(member, arguments, onError);
        }
    }

    /// <summary>The status of each running node, null where one does not answer.</summary>
    public async Task<IReadOnlyList<StatusJson>> StatusesAsync(CancellationToken cancellationToken)
    {
        var replies = await Task.WhenAll(Running.Select(id => Client(id).StatusAsync(StatusPatience, cancellationToken)));
        return [.. replies.Select(reply => reply.Value).OfType<StatusJson>()];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        var children = Children();
        foreach (var child in children)
            child.RequestStop();
        using var limit = new CancellationTokenSource(StopPatience);
        foreach (var child in children)
            await EndAsync(child, limit.Token);
        lock (_gate)
            _children.Clear();
        _http.Dispose();
    }

    private async Task StartChildrenAsync(CancellationToken cancellationToken)
    {
        foreach (var member in Members)
            Start(member.Id);
        var start = Stopwatch.GetTimestamp();
        while (!await IsReadyAsync(cancellationToken))
        {
            foreach (var child in Children().Where(child => child.HasExited))
                throw await ExplainAsync(child, cancellationToken);
            if (Stopwatch.GetElapsedTime(start) > ReadyPatience)
                throw new UndecidedException($"The {Members.Count} nodes found no leader within {ReadyPatience.TotalSeconds:0} s.");
            await Task.Delay(Poll, cancellationToken);
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        var statuses = await StatusesAsync(cancellationToken);
        var leader = statuses.FirstOrDefault(status => status is { Role: "leader", Ready: true });

        // Every node must also know where the leader's clients go, or its first request would have to wait.
        return leader is not null && statuses.Count == Members.Count
            && statuses.All(status => status.Leader == leader.Id && status.Term == leader.Term && status.LeaderHttp is not null);
    }

    private static async Task<Exception> ExplainAsync(ChildNode child, CancellationToken cancellationToken)
    {
        // The exit is seen before the last line has been read.
        await child.WaitAsync(cancellationToken);
        var words = child.LastWords;
        return child.ExitCode == ExitCodes.Usage
            ? new UsageException(words)
            : new FaultException($"Node {child.Member.Id} ended with exit code {child.ExitCode} while it started: {(words.Length == 0 ? "it said nothing." : words)}");
    }

    private static async Task EndAsync(ChildNode child, CancellationToken patience)
    {
        try
        {
            await child.WaitAsync(patience);
        }
        catch (OperationCanceledException)
        {
            child.Kill();
            await child.WaitAsync(CancellationToken.None);
        }
        child.Dispose();
    }

    private void Erase()
    {
        foreach (var folder in Members.Select(DataOf).Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        ClusterFile.Delete(_options.Folder);
    }

    private List<ChildNode> Children()
    {
        lock (_gate)
            return [.. _children.Values];
    }

    private string DataOf(LocalMember member) => Path.Combine(_options.Folder, $"node-{member.Id}");
}
