using RaftStream.Node.Tests.Support;

namespace RaftStream.Client.Tests.Support;

/// <summary>Some nodes that a test plays, on one clock that it moves. They answer every request about a counter with 1 unless told otherwise.</summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    private readonly FakeNode[] _nodes;

    public FakeCluster(int nodes, int leader)
    {
        _nodes = [.. Enumerable.Range(1, nodes).Select(id => new FakeNode(id) { Leads = id == leader, Answer = static request => FakeNode.Counter(request, 1) })];
    }

    public FakeTime Time { get; } = new();

    public FakeNode this[int id] => _nodes[id - 1];

    /// <summary>A client that is connected to all of them and knows the leader, if there is one.</summary>
    public async Task<RaftStreamClient> ConnectAsync(Func<RaftStreamClientOptions, RaftStreamClientOptions>? change = null)
    {
        var options = new RaftStreamClientOptions { Nodes = [.. _nodes.Select(static node => node.Address)], TimeProvider = Time };
        var client = await RaftStreamClient.ConnectAsync(change?.Invoke(options) ?? options);
        await Eventually.HoldsAsync(
            () => client.Nodes.All(static node => node.IsConnected) && (Array.TrueForAll(_nodes, static node => !node.Leads) || client.Nodes.Any(static node => node.IsLeader)),
            "the client knows all nodes",
            Limit);
        return client;
    }

    /// <summary>Lets the time go on until a call ends.</summary>
    public Task<T> RunAsync<T>(ValueTask<T> call) => RunAsync(call.AsTask());

    /// <summary>The same for a task, however it ends.</summary>
    public async Task<T> RunAsync<T>(Task<T> task)
    {
        await Eventually.HoldsAsync(
            () =>
            {
                Time.Advance(Step);
                return task.IsCompleted;
            },
            "the call ends",
            Limit);
        return await task;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }
}
