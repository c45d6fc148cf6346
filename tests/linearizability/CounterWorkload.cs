using System.Diagnostics;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Linearizability.Tests;

/// <summary>
/// Clients that add to and read a few counters over HTTP, each through any node, each with one request at a time, and never repeat one.
/// </summary>
internal sealed class CounterWorkload : IAsyncDisposable
{
    /// <summary>The counters.</summary>
    public static readonly string[] Counters = ["alpha", "beta", "gamma", "delta"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly TestCluster _cluster;
    private readonly HttpClient _http = HttpClients.Create();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _clients;

    /// <summary>Starts the clients.</summary>
    public CounterWorkload(TestCluster cluster, int clients, int seed)
    {
        _cluster = cluster;
        _clients = [.. Enumerable.Range(0, clients).Select(number => Task.Run(() => RunAsync(new Random(seed + number))))];
    }

    /// <summary>What they saw.</summary>
    public CounterHistory History { get; } = new();

    /// <summary>Waits until that many more operations were answered.</summary>
    public Task AnswersAsync(int more)
    {
        var goal = History.Answered + more;
        return Eventually.HoldsAsync(() => Failed() || History.Answered >= goal, $"{more} more operations are answered", TimeSpan.FromSeconds(60));
    }

    /// <summary>Stops the clients after their requests under way.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
    }

    /// <summary>Reads every counter through every node, once the cluster is whole again.</summary>
    public async Task ReadAllAsync()
    {
        foreach (var member in _cluster.Local.Members)
        {
            foreach (var counter in Counters)
                await Eventually.HoldsAsync(() => ReadAsync(new NodeClient(_http, member.HttpAddress), counter), $"node {member.Id} answers for {counter}", TimeSpan.FromSeconds(30));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _http.Dispose();
        _stop.Dispose();
    }

    private bool Failed() => _clients.Exists(client => client.IsFaulted);

    private async Task RunAsync(Random random)
    {
        var members = _cluster.Local.Members;
        while (!_stop.IsCancellationRequested)
        {
            var node = new NodeClient(_http, members[random.Next(members.Count)].HttpAddress);
            var counter = Counters[random.Next(Counters.Length)];
            var answered = random.Next(2) == 0
                ? await ReadAsync(node, counter)
                : await AddAsync(node, counter, random.NextInt64(1, 1L << 40));

            // A dead node refuses at once: no spinning over it.
            if (!answered)
                await Task.Yield();
        }
    }

    private async Task<bool> ReadAsync(NodeClient node, string counter)
    {
        var invoked = Stopwatch.GetTimestamp();
        var reply = await node.GetCounterAsync(counter, Patience, CancellationToken.None);
        var completed = Stopwatch.GetTimestamp();
        if (reply.Value is not { } value)
            return false;
        History.Add(counter, null, invoked, completed, value.Value);
        return true;
    }

    private async Task<bool> AddAsync(NodeClient node, string counter, long delta)
    {
        var invoked = Stopwatch.GetTimestamp();
        var reply = await node.AddAsync(counter, delta, Patience, CancellationToken.None);
        var completed = Stopwatch.GetTimestamp();
        if (reply.Value is { } value)
            History.Add(counter, delta, invoked, completed, value.Value);
        else if (!reply.NothingDone)
            History.Add(counter, delta, invoked, null, null);
        return reply.Value is not null;
    }
}
