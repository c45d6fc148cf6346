using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;

namespace RaftStream.Node.Demo;

/// <summary>The demo's nodes as child processes: killed with SIGKILL, spoken to over HTTP.</summary>
internal sealed class ProcessDemoCluster(LocalCluster cluster) : IDemoCluster
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private long? _peak;

    /// <inheritdoc/>
    public string HowKilled => "killed with SIGKILL";

    /// <inheritdoc/>
    public int Count => cluster.Members.Count;

    /// <inheritdoc/>
    public Task<IReadOnlyList<StatusJson>> StatusesAsync(CancellationToken cancellationToken) => cluster.StatusesAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<IngestJson?> IngestAsync(int leader, Stream source, CancellationToken cancellationToken)
    {
        var reply = await cluster.Client(leader).IngestAsync(DemoRun.Job, WordCountIngest.DefaultPartition, source, cancellationToken);
        if (reply.Problem is { Code: ProblemCodes.DifferentSource } different)
            throw new FaultException($"The leader takes the same text for another one: {different.Detail}");
        return reply.Value;
    }

    /// <inheritdoc/>
    public async Task<JobJson?> ProgressAsync(int leader, CancellationToken cancellationToken) =>
        (await cluster.Client(leader).JobAsync(DemoRun.Job, WordCountIngest.DefaultPartition, Patience, cancellationToken)).Value;

    /// <inheritdoc/>
    public async Task<TopJson?> TopAsync(int leader, int limit, CancellationToken cancellationToken) =>
        (await cluster.Client(leader).TopAsync(limit, Patience, cancellationToken)).Value;

    /// <inheritdoc/>
    public async Task<CounterJson?> CounterAsync(int leader, string key, CancellationToken cancellationToken) =>
        (await cluster.Client(leader).GetCounterAsync(key, Patience, cancellationToken)).Value;

    /// <inheritdoc/>
    public async Task KillAsync(int id)
    {
        // Its peak goes with it.
        PeakNodeMemoryBytes();
        var child = cluster.Child(id);
        child.Kill();
        await child.WaitAsync(CancellationToken.None);
    }

    /// <inheritdoc/>
    public Task StartAgainAsync(int id, CancellationToken cancellationToken)
    {
        cluster.Start(id);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public long? PeakNodeMemoryBytes()
    {
        foreach (var id in cluster.Running)
        {
            if (cluster.Child(id).PeakMemoryBytes() is { } peak && peak > (_peak ?? 0))
                _peak = peak;
        }
        return _peak;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => cluster.DisposeAsync();
}
