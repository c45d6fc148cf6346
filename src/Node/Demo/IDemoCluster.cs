using RaftStream.Hosting.Http;

namespace RaftStream.Node.Demo;

/// <summary>The nodes that the demo works with: processes of their own, or objects in this process. Disposing leaves nothing running.</summary>
internal interface IDemoCluster : IAsyncDisposable
{
    /// <summary>What "killed" means here, for the report.</summary>
    string HowKilled { get; }

    /// <summary>How many nodes there are, dead ones too.</summary>
    int Count { get; }

    /// <summary>The status of each node that answers.</summary>
    Task<IReadOnlyList<StatusJson>> StatusesAsync(CancellationToken cancellationToken);

    /// <summary>Streams a source to a leader; null if it went away before the end.</summary>
    /// <exception cref="Commands.FaultException">The leader refused the source.</exception>
    Task<IngestJson?> IngestAsync(int leader, Stream source, CancellationToken cancellationToken);

    /// <summary>How far the job has come, linearizably; null if the leader does not answer.</summary>
    Task<JobJson?> ProgressAsync(int leader, CancellationToken cancellationToken);

    /// <summary>The largest counters, linearizably; null if the leader does not answer.</summary>
    Task<TopJson?> TopAsync(int leader, int limit, CancellationToken cancellationToken);

    /// <summary>One counter, linearizably; null if the leader does not answer.</summary>
    Task<CounterJson?> CounterAsync(int leader, string key, CancellationToken cancellationToken);

    /// <summary>Kills a node and returns when it is dead.</summary>
    Task KillAsync(int id);

    /// <summary>Starts a dead node again over its data.</summary>
    Task StartAgainAsync(int id, CancellationToken cancellationToken);

    /// <summary>The most memory that any node process had resident so far, in bytes; null where that is not to be had.</summary>
    long? PeakNodeMemoryBytes();
}
