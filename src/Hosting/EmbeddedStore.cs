using System.Runtime.CompilerServices;
using RaftStream.Hosting.Http;

namespace RaftStream.Hosting;

/// <summary>The store as a program sees it that has one of the replicas: reads are answered here, except lease reads, which like writes are the leader's. Owned by the host.</summary>
internal sealed class EmbeddedStore(NodeHandle handle, LeaderWrites leader, LeaseReads leases) : ICountingStore
{
    private static readonly CounterAnswer NotStarted = new(Outcome.Rejected, Refusal.Stopped, default, 0, Exists: false, Matched: false, Problem: null);

    /// <inheritdoc/>
    public ValueTask<CounterAnswer> AddAsync(string key, long delta = 1, WriteConcern concern = WriteConcern.Quorum, CancellationToken cancellationToken = default) =>
        WriteAsync(new("add", key, concern) { Number = delta }, (counters, token) => counters.AddAsync(key, delta, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CounterAnswer> MaxAsync(string key, long value, WriteConcern concern = WriteConcern.Quorum, CancellationToken cancellationToken = default) =>
        WriteAsync(new("max", key, concern) { Number = value }, (counters, token) => counters.MaxAsync(key, value, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CounterAnswer> CompareAndSetAsync(string key, long? expected, long value, CancellationToken cancellationToken = default) =>
        WriteAsync(new("cas", key, WriteConcern.Quorum) { Number = value, Expected = expected }, (counters, token) => counters.CompareAndSetAsync(key, expected, value, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CounterAnswer> DeleteAsync(string key, CancellationToken cancellationToken = default) =>
        WriteAsync(new("delete", key, WriteConcern.Quorum), (counters, token) => counters.DeleteAsync(key, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CounterAnswer> GetAsync(string key, ReadConsistency consistency = default, CancellationToken cancellationToken = default) =>
        handle.Running is not { } running ? new(NotStarted)
        : consistency == ReadConsistency.Lease ? leases.ReadAsync(running, LeaseRead.Get(running.Counters, key), cancellationToken)
        : running.Counters.GetAsync(key, consistency, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ValuesAnswer> GetManyAsync(IReadOnlyCollection<string> keys, ReadConsistency consistency = default, CancellationToken cancellationToken = default) =>
        handle.Running is not { } running ? new(new ValuesAnswer(Outcome.Rejected, Refusal.Stopped, default, []))
        : consistency == ReadConsistency.Lease ? leases.ReadAsync(running, LeaseRead.GetMany(running.Counters, keys), cancellationToken)
        : running.Counters.GetManyAsync(keys, consistency, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TopAnswer> TopAsync(int limit, ReadConsistency consistency = default, CancellationToken cancellationToken = default) =>
        handle.Running is not { } running ? new(new TopAnswer(Outcome.Rejected, Refusal.Stopped, default, [], 0, 0))
        : consistency == ReadConsistency.Lease ? leases.ReadAsync(running, LeaseRead.Top(running.Counters, limit), cancellationToken)
        : running.Counters.TopAsync(limit, consistency, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<RangeSumAnswer> RangeSumAsync(long from, long to, ReadConsistency consistency = default, CancellationToken cancellationToken = default) =>
        handle.Running is not { } running ? new(new RangeSumAnswer(Outcome.Rejected, Refusal.Stopped, default, 0, 0))
        : consistency == ReadConsistency.Lease ? leases.ReadAsync(running, LeaseRead.RangeSum(running.Counters, from, to), cancellationToken)
        : running.Counters.RangeSumAsync(from, to, consistency, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(WatchFilter filter, LogIndex? from = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var running = handle.Running ?? throw new WatchEndedException(Refusal.Stopped);
        await foreach (var change in running.Counters.WatchAsync(filter, from, cancellationToken).ConfigureAwait(false))
            yield return change;
    }

    /// <inheritdoc/>
    public ValueTask<Answer> ConfirmAsync(LogPosition position, CancellationToken cancellationToken = default) =>
        handle.Running is { } running ? running.Counters.ConfirmAsync(position, cancellationToken) : new(new Answer(Outcome.Unknown, Refusal.Stopped, default, default));

    private ValueTask<CounterAnswer> WriteAsync(LeaderWrite write, Func<CountingService, CancellationToken, ValueTask<CounterAnswer>> local, CancellationToken cancellationToken)
    {
        CounterKeys.Check(write.Key);
        if (handle.Running is not { } running)
            return new(NotStarted);
        var counters = write.Concern == WriteConcern.Quorum ? running.Counters : running.Counters.WithConcern(write.Concern);
        return write.Concern == WriteConcern.Available
            ? local(counters, cancellationToken)
            : leader.WriteAsync(running, write, token => local(counters, token), cancellationToken);
    }
}
