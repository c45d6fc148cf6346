using System.Buffers;
using System.Runtime.CompilerServices;

namespace RaftStream.Hosting.Streams;

/// <summary>The stream jobs of this host, as its program sees them: rows of tables at every consistency level, and what sinks give out. Safe to call from any thread.</summary>
public sealed class StreamJobs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly NodeHandle _handle;

    internal StreamJobs(NodeHandle handle) => _handle = handle;

    /// <summary>Reads a row.</summary>
    /// <param name="table">The table, as the topology declared it.</param>
    /// <param name="key">The row's key.</param>
    /// <param name="consistency">How fresh it has to be. <see cref="ReadConsistency.Lease"/> is served by the leader only.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<RowAnswer<TValue>> GetAsync<TKey, TValue>(Table<TKey, TValue> table, TKey key, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        var bytes = new KeyBuffer();
        table.Key.Write(bytes, key);
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteGet(query, table.Job, table.Name, bytes.Span);
        var answer = await ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false);
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, false, default!, null);
        return JobRows.TryReadRow(answer.Reply.Span, out var problem, out var stored)
            ? new(Outcome.Applied, Refusal.None, answer.Position, true, table.Info.Read(stored), null)
            : new(Outcome.Applied, Refusal.None, answer.Position, false, default!, problem);
    }

    /// <summary>Reads rows in the order of their keys, all at one index.</summary>
    /// <param name="table">The table, as the topology declared it.</param>
    /// <param name="from">The first key.</param>
    /// <param name="to">The first key that is not read any more.</param>
    /// <param name="limit">How many at the most: 1 to 1,000.</param>
    /// <param name="consistency">How fresh they have to be. <see cref="ReadConsistency.Lease"/> is served by the leader only.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<RowsAnswer<TKey, TValue>> RangeAsync<TKey, TValue>(
        Table<TKey, TValue> table, TKey from, TKey to, int limit = 1000, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        var (first, end) = (new KeyBuffer(), new KeyBuffer());
        table.Key.Write(first, from);
        table.Key.Write(end, to);
        return await ReadRowsAsync(table, first, end, limit, consistency, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads all rows in the order of their keys, all at one index, as many as there are up to a limit.</summary>
    /// <param name="table">The table, as the topology declared it.</param>
    /// <param name="limit">How many at the most: 1 to 1,000.</param>
    /// <param name="consistency">How fresh they have to be. <see cref="ReadConsistency.Lease"/> is served by the leader only.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public ValueTask<RowsAnswer<TKey, TValue>> ListAsync<TKey, TValue>(Table<TKey, TValue> table, int limit = 1000, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        return ReadRowsAsync(table, new(), new(), limit, consistency, cancellationToken);
    }

    /// <summary>Reads the rows behind a key in the order of their keys, all at one index: the next page of a table.</summary>
    /// <param name="table">The table, as the topology declared it.</param>
    /// <param name="behind">The key of the last row that was read.</param>
    /// <param name="limit">How many at the most: 1 to 1,000.</param>
    /// <param name="consistency">How fresh they have to be. <see cref="ReadConsistency.Lease"/> is served by the leader only.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public ValueTask<RowsAnswer<TKey, TValue>> ListBehindAsync<TKey, TValue>(Table<TKey, TValue> table, TKey behind, int limit = 1000, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        var from = new KeyBuffer();
        table.Key.Write(from, behind);
        from.Write((byte)0); // The first bytes behind it that a key could have.
        return ReadRowsAsync(table, from, new(), limit, consistency, cancellationToken);
    }

    /// <summary>Reads the sum of a key's values at places (<see cref="KeyedStream{TKey, T}.RangeSum"/>), all at one index.</summary>
    /// <param name="job">The job, one of this program.</param>
    /// <param name="sums">The name of the sums.</param>
    /// <param name="key">The key; one that has no records has the sum 0.</param>
    /// <param name="from">The first place: 0 or more.</param>
    /// <param name="to">The last place, itself included: less than there are places; null: the last of all. Where it lies in front of <paramref name="from"/>, the sum is 0.</param>
    /// <param name="consistency">How fresh it has to be. <see cref="ReadConsistency.Lease"/> is served by the leader only.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The job has no such sums, or their keys are of another type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public async ValueTask<SumAnswer> SumAsync<TKey>(Job job, string sums, TKey key, int from = 0, int? to = null, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(sums);
        if (job.Tables.GetValueOrDefault(sums) is not PlaceSumInfo<TKey> info)
            throw new ArgumentException($"The job '{job.Name}' has no sums '{sums}' whose keys are {typeof(TKey).Name}: look at the job's description.", nameof(sums));
        var last = to ?? info.Places - 1;
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfNegative(last, nameof(to));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(from, info.Places);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(last, info.Places, nameof(to));
        var bytes = new KeyBuffer();
        info.Owner.Write(bytes, key);
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteSum(query, job.Name, sums, bytes.Span, from, last);
        var answer = await ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false);
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, 0, null);
        JobRows.TryReadSum(answer.Reply.Span, out var problem, out var sum);
        return new(Outcome.Applied, Refusal.None, answer.Position, sum, problem);
    }

    /// <summary>
    /// What a subscription sink gives out, as this node applies it, from a sequence on; where that is not kept any more, from the oldest that is: a gap shows in the sequences. Ends when it is cancelled or the node stops.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="sink">The sink.</param>
    /// <param name="from">The first sequence that is wanted: 1 for all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ArgumentException">There is no such job or sink, or nothing of the job was read yet.</exception>
    public async IAsyncEnumerable<SinkOutput> SubscribeAsync(string job, string sink, long from = 1, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var index = 0L;
        var next = from;
        while (!cancellationToken.IsCancellationRequested)
        {
            // Whatever is applied behind what was seen may have something for us: waiting for it is waiting for the next entry.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            var look = await LookAsync(job, sink, next, JobAnswers.MaxRows, new(index), patience.Token).ConfigureAwait(false);
            if (look.Outcome != Outcome.Applied)
            {
                if (look.Refusal == Refusal.Stopped)
                    yield break;
                continue;
            }

            if (look.Outputs is not { } outputs)
                throw new ArgumentException($"There is no sink '{sink}' of a job '{job}' that has begun: look at the job's description.", nameof(sink));
            foreach (var output in outputs)
            {
                yield return output;
                next = output.Sequence + 1;
            }

            if (outputs.Count == 0)
                index = look.Position.Index.Value + 1;
        }
    }

    /// <summary>What a subscription has given out from a sequence on, once this node has applied an index.</summary>
    internal async ValueTask<SinkLook> LookAsync(string job, string sink, long from, int limit, LogIndex atLeast, CancellationToken cancellationToken)
    {
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteOutputs(query, job, sink, from, limit);
        var answer = await ReadAsync(query.WrittenMemory, ReadConsistency.Session(atLeast), cancellationToken).ConfigureAwait(false);
        return new(answer.Outcome, answer.Refusal, answer.Position, answer.Outcome == Outcome.Applied ? JobRows.ReadOutputs(answer.Reply.Span) : null);
    }

    /// <summary>Waits until all partitions of all sources of a job that end have ended, and all of them is committed and applied at this node.</summary>
    /// <param name="job">The job.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task WaitForEndAsync(Job job, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        var index = 0L;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var query = new ArrayBufferWriter<byte>();
            JobQuery.WriteStatus(query, job.Name);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            var answer = await ReadAsync(query.WrittenMemory, ReadConsistency.Session(new(index)), patience.Token).ConfigureAwait(false);
            if (answer.Outcome != Outcome.Applied)
            {
                if (answer.Refusal == Refusal.Stopped)
                    throw new InvalidOperationException("The replica has not started, or stops.");
                continue;
            }

            if (JobStatus.Read(answer.Reply.Span) is { Partitions.Count: > 0, IsBehind: false } status && status.Partitions.All(static at => at.At.Watermark == long.MaxValue))
                return;
            index = answer.Position.Index.Value + 1;
        }
    }

    private ValueTask<Answer> ReadAsync(ReadOnlyMemory<byte> query, ReadConsistency consistency, CancellationToken cancellationToken) => _handle.Running is { } running
        ? running.Node.ReadAsync(query, consistency, cancellationToken)
        : new(new Answer(Outcome.Rejected, Refusal.Stopped, default, default));

    private async ValueTask<RowsAnswer<TKey, TValue>> ReadRowsAsync<TKey, TValue>(Table<TKey, TValue> table, KeyBuffer from, KeyBuffer to, int limit, ReadConsistency consistency, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, JobAnswers.MaxRows);
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteRange(query, table.Job, table.Name, from.Span, to.Span, limit);
        var answer = await ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false);
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, [], false, null);
        if (!JobRows.TryReadRows(answer.Reply.Span, out var problem, out var isAll, out var stored))
            return new(Outcome.Applied, Refusal.None, answer.Position, [], false, problem);
        var rows = new List<Keyed<TKey, TValue>>(stored.Count);
        foreach (var (key, value) in stored)
        {
            ReadOnlySpan<byte> bytes = key.Span;
            rows.Add(new(table.Key.Read(ref bytes), table.Info.Read(value.Span)));
        }

        return new(Outcome.Applied, Refusal.None, answer.Position, rows, isAll, null);
    }
}

/// <summary>The answer to a read of one row.</summary>
/// <param name="Outcome">How the read ended.</param>
/// <param name="Refusal">Why it was refused.</param>
/// <param name="Position">The last log entry in the answer.</param>
/// <param name="Exists">Whether there is such a row.</param>
/// <param name="Value">Its value; the type's default where there is none.</param>
/// <param name="Problem">Why nothing could be read, in one sentence: the job has not begun, for instance.</param>
/// <typeparam name="TValue">The type of the value.</typeparam>
public readonly record struct RowAnswer<TValue>(Outcome Outcome, Refusal Refusal, LogPosition Position, bool Exists, TValue Value, string? Problem);

/// <summary>The answer to a read of a sum over places.</summary>
/// <param name="Outcome">How the read ended.</param>
/// <param name="Refusal">Why it was refused.</param>
/// <param name="Position">The last log entry in the answer.</param>
/// <param name="Sum">The sum; 0 where there is nothing.</param>
/// <param name="Problem">Why nothing could be read, in one sentence: the job has not begun, for instance.</param>
public readonly record struct SumAnswer(Outcome Outcome, Refusal Refusal, LogPosition Position, Int128 Sum, string? Problem);

/// <summary>The answer to a read of many rows.</summary>
/// <param name="Outcome">How the read ended.</param>
/// <param name="Refusal">Why it was refused.</param>
/// <param name="Position">The last log entry in the answer.</param>
/// <param name="Rows">The rows, in the order of their keys.</param>
/// <param name="IsAll">Whether there are no more: else read on behind the last one.</param>
/// <param name="Problem">Why nothing could be read, in one sentence: the job has not begun, for instance.</param>
/// <typeparam name="TKey">The type of the keys.</typeparam>
/// <typeparam name="TValue">The type of the values.</typeparam>
public readonly record struct RowsAnswer<TKey, TValue>(Outcome Outcome, Refusal Refusal, LogPosition Position, IReadOnlyList<Keyed<TKey, TValue>> Rows, bool IsAll, string? Problem);
