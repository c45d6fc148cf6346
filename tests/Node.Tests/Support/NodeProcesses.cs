using System.Globalization;
using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;
using RaftStream.Node.Local;

namespace RaftStream.Node.Tests.Support;

/// <summary>
/// Nodes as processes that come and go, as an operator starts and stops them, and the operator's commands. The first ones form a cluster
/// named <see cref="Name"/>; others join it.
/// </summary>
internal sealed class NodeProcesses : IAsyncDisposable
{
    /// <summary>The cluster's name.</summary>
    public const string Name = "operations";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StatusPatience = TimeSpan.FromSeconds(1);

    private readonly Dictionary<int, ChildNode> _running = [];
    private readonly List<LocalMember> _first;
    private readonly HttpClient _http = HttpClients.Create();

    private NodeProcesses(int nodes) => _first = [.. Enumerable.Range(1, nodes).Select(NewMember)];

    /// <summary>Where everything lies.</summary>
    public TemporaryFolder Folder { get; } = new();

    /// <summary>The first members as <c>--cluster</c> takes them.</summary>
    public string First => string.Join(',', _first.Select(static member => $"{member.Id}={member.Raft}"));

    /// <summary>The addresses of the running nodes for clients.</summary>
    public IReadOnlyList<string> Addresses
    {
        get
        {
            lock (_running)
                return [.. _running.Values.Select(static child => child.Member.Http)];
        }
    }

    /// <summary>A cluster of that many nodes with a leader.</summary>
    public static async Task<NodeProcesses> FormAsync(int nodes)
    {
        var processes = new NodeProcesses(nodes);
        foreach (var member in processes._first)
            processes.Start(member.Id);
        await processes.LeaderAsync();
        return processes;
    }

    /// <summary>The data folder of a node.</summary>
    public string DataOf(int id) => Folder.File($"node-{id}");

    /// <summary>The process of a node.</summary>
    public ChildNode Child(int id) => _running[id];

    /// <summary>Starts one of the first nodes, again perhaps; over another folder or in a cluster of another name where they are given.</summary>
    public void Start(int id, string? data = null, string name = Name) => Run(
        _first[id - 1], ["--cluster", First, "--cluster-id", name, "--data", data ?? DataOf(id)]);

    /// <summary>Starts a node that waits to be added, and returns its address for peers.</summary>
    public string Join(int id, int incarnation = 0)
    {
        var member = NewMember(id);
        Run(member, ["--join", "--listen", member.Raft, "--cluster-id", Name, "--incarnation", incarnation.ToString(CultureInfo.InvariantCulture), "--data", DataOf(id)]);
        return member.Raft;
    }

    /// <summary>Asks a node to stop, waits for its end and returns its exit code.</summary>
    public Task<int> StopAsync(int id, int signal = Signals.Terminate)
    {
        Signals.Send(_running[id].Pid, signal);
        return EndAsync(id);
    }

    /// <summary>Waits until a node has ended, and returns its exit code.</summary>
    public async Task<int> EndAsync(int id)
    {
        var child = _running[id];
        using var patience = new CancellationTokenSource(Limit);
        await child.WaitAsync(patience.Token);
        var code = child.ExitCode;
        lock (_running)
            _running.Remove(id);
        child.Dispose();
        return code;
    }

    /// <summary>Runs a command against the running nodes.</summary>
    public Task<ProgramResult> AskAsync(params string[] command) => RaftStreamProgram.RunAsync([.. command, "--server", string.Join(',', Addresses)]);

    /// <summary>Runs one that must succeed and returns what it printed.</summary>
    public async Task<string> DoAsync(params string[] command)
    {
        var result = await AskAsync(command);
        Assert.That(result.ExitCode, Is.Zero, $"raftstream {string.Join(' ', command)}: {result.Error}");
        return result.Output.Trim();
    }

    /// <summary>The ids of the members that vote, by the leader's account.</summary>
    public async Task<int[]> VotersAsync()
    {
        using var document = JsonDocument.Parse(await DoAsync("members", "list", "--json"));
        return [.. document.RootElement.GetProperty("members").EnumerateArray()
            .Where(static member => member.GetProperty("role").GetString() == "voter").Select(static member => member.GetProperty("id").GetInt32())];
    }

    /// <summary>Waits for a node that leads, other than the one named.</summary>
    public async Task<StatusJson> LeaderAsync(int otherThan = 0)
    {
        StatusJson? leader = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                leader = (await StatusesAsync()).Where(status => status is { Role: "leader", Ready: true } && status.Id != otherThan).MaxBy(static status => status.Term);
                return leader is not null;
            },
            "a node leads",
            Limit);
        return leader!;
    }

    /// <summary>Waits until all running nodes have applied the same, and returns the hash of it.</summary>
    public async Task<string> AgreeAsync()
    {
        IReadOnlyList<StatusJson> statuses = [];
        await Eventually.HoldsAsync(
            async () =>
            {
                statuses = await StatusesAsync();
                return statuses.Count == Addresses.Count && statuses.All(status => status.Applied == statuses[0].Applied && status.StateHash == statuses[0].StateHash);
            },
            "all nodes have the same state",
            Limit);
        return statuses[0].StateHash;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var child in _running.Values)
        {
            child.Kill();
            await child.WaitAsync(CancellationToken.None);
            child.Dispose();
        }

        _http.Dispose();
        Folder.Dispose();
    }

    private static LocalMember NewMember(int id)
    {
        var ports = Ports.Find(2);
        return new(id, $"127.0.0.1:{ports[0]}", $"127.0.0.1:{ports[1]}");
    }

    private async Task<IReadOnlyList<StatusJson>> StatusesAsync()
    {
        var replies = await Task.WhenAll(Addresses.Select(address => new NodeClient(_http, "http://" + address).StatusAsync(StatusPatience, CancellationToken.None)));
        return [.. replies.Select(static reply => reply.Value).OfType<StatusJson>()];
    }

    private void Run(LocalMember member, string[] arguments)
    {
        var child = ChildNode.Start(member, ["--id", member.Id.ToString(CultureInfo.InvariantCulture), "--http", member.Http, .. arguments], onError: null);
        lock (_running)
            _running[member.Id] = child;
    }
}
