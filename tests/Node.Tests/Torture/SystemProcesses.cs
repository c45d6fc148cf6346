using System.Diagnostics;
using System.Globalization;
using System.Net;
using RaftStream.Lab.Torture.Systems;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;
using RaftStream.Testing;

namespace RaftStream.Node.Tests.Torture;

/// <summary>Nodes of a tested system as processes, each of which reaches each other one on a way of its own that can be cut. Owned by a test.</summary>
internal sealed class SystemProcesses : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ITestedSystem _system;
    private readonly int _nodes;
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<int, Process> _running = [];
    private readonly Dictionary<(int Node, string Port), string> _places = [];
    private readonly Dictionary<(int From, int To, string Port), SocketForwarder> _ways = [];

    /// <summary>Makes places for nodes. The test is skipped where the machine does not have the system's program.</summary>
    public SystemProcesses(ITestedSystem system, int nodes, string program)
    {
        if (!Array.Exists(["/usr/bin", "/usr/local/bin", "/usr/sbin"], folder => File.Exists(Path.Combine(folder, program))))
            Assert.Ignore($"This machine has no {program}: apt-get install it.");
        (_system, _nodes) = (system, nodes);
        foreach (var node in Enumerable.Range(1, nodes))
        {
            foreach (var port in system.PeerPorts.Union(system.ClientPorts, StringComparer.Ordinal))
                _places.Add((node, port), string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Ports.Find(1)[0]}"));
        }
    }

    /// <summary>Where clients find a node.</summary>
    public string AddressOf(int node) => _places[(node, _system.ClientPorts[0])];

    /// <summary>Starts a node, again perhaps.</summary>
    public void Start(int node)
    {
        var folder = _folder.File($"node-{node}");
        Directory.CreateDirectory(folder);
        var program = _system.ProgramOf(new(node, [.. Enumerable.Range(1, _nodes)], folder)
        {
            Listen = port => _places[(node, port)],
            Reach = (other, port) => WayOf(node, other, port).Place.ToString()!,
        });
        var start = new ProcessStartInfo(program.File, program.Arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _running[node] = process;
    }

    /// <summary>Kills a node at once.</summary>
    public async Task KillAsync(int node)
    {
        if (!_running.Remove(node, out var process))
            return;
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    /// <summary>Cuts the ways between nodes for good.</summary>
    public async Task CutAsync()
    {
        foreach (var way in _ways.Values)
            await way.DisposeAsync();
    }

    /// <summary>Waits for a node that leads by its own account.</summary>
    public async Task<int> LeaderAsync()
    {
        var leader = 0;
        await Eventually.HoldsAsync(
            async () =>
            {
                foreach (var node in _running.Keys.ToList())
                {
                    using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
                    if (await _system.LookAsync(AddressOf(node), patience.Token) is { IsLeader: true })
                        leader = node;
                }

                return leader != 0;
            },
            "a node leads",
            Limit);
        return leader;
    }

    /// <summary>Does one call through a node.</summary>
    public async Task<ClientAnswer> AskAsync(int node, OperationFunction function, HistoryValue argument = default, double seconds = 5)
    {
        await using var client = _system.Connect(AddressOf(node));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        return await client.DoAsync(new("k", function, argument), deadline.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _running.Keys.ToList())
            await KillAsync(node);
        await CutAsync();
        _folder.Dispose();
    }

    private SocketForwarder WayOf(int from, int to, string port)
    {
        if (!_ways.TryGetValue((from, to, port), out var way))
            _ways.Add((from, to, port), way = new(new IPEndPoint(IPAddress.Loopback, 0), IPEndPoint.Parse(_places[(to, port)])));
        return way;
    }
}
