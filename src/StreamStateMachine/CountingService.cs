using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The counting store as a .NET program sees it: typed requests to the replica in this process. Safe to call from any thread.
/// Keys take 1 to 4,096 bytes of UTF-8; another one is an <see cref="ArgumentException"/>, as is a name or limit out of range.
/// Reads are linearizable unless another <see cref="ReadConsistency"/> is given; an answer tells the index and term that it saw and, where it is known, its age.
/// </summary>
/// <remarks>Words that jobs count are counters like all others, under the word as the key.</remarks>
public sealed class CountingService
{
    /// <summary>The most watches at a time of one service, and of those that were made of it.</summary>
    public const int MaxWatches = 256;

    private readonly RaftNode _node;
    private readonly Propose _propose;
    private readonly WriteConcern _concern;
    private readonly Watches _watches;

    /// <summary>A service over a node that was started with a <see cref="CountingStore"/>.</summary>
    public CountingService(RaftNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        (_node, _propose, _watches) = (node, node.ProposeAsync, new(node));
    }

    private CountingService(CountingService parent, Propose propose, WriteConcern concern = WriteConcern.Quorum) =>
        (_node, _propose, _concern, _watches) = (parent._node, propose, concern, parent._watches);

    /// <summary>
    /// The same store for one write of a session: it is applied once, however often it is sent under its number. With
    /// <see cref="Refusal.ReplyNotKept"/> it was applied by an earlier attempt, and the answer has no value.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="sequence">The write's number in it, from 1.</param>
    /// <param name="acknowledgedUpTo">The client has the answers up to here: from 0 to <paramref name="sequence"/> - 1.</param>
    public CountingService InSession(SessionId session, long sequence, long acknowledgedUpTo) =>
        new(this, (command, token) => _node.ProposeAsync(new SessionCommand(session, sequence, acknowledgedUpTo, command), token));

    /// <summary>
    /// The same store for one write under a key: for 24 hours of log time it is applied once, however often it is sent, and answered as the first time; another write under the
    /// key is refused with <see cref="Refusal.IdempotencyKeyReused"/>.
    /// </summary>
    public CountingService WithKey(IdempotencyKey key) => new(this, (command, token) => _node.ProposeAsync(key, command, token));

    /// <summary>
    /// The same store for writes that are answered as soon as what <paramref name="concern"/> names holds them. A <see cref="Outcome.Provisional"/> answer has a position and
    /// no value; <see cref="ConfirmAsync"/> tells what became of it. An <see cref="Outcome.Accepted"/> one, which <see cref="AddAsync"/> and <see cref="MaxAsync"/> alone can have, tells
    /// its place in this node's outbox; read it with <see cref="ReadConsistency.Tentative"/>.
    /// </summary>
    public CountingService WithConcern(WriteConcern concern) => new(this, (command, token) => _node.ProposeAsync(command, concern, token), concern);

    /// <summary>
    /// What became of a provisional write: <see cref="Outcome.Applied"/> (it was executed, though the store may have declined it) or <see cref="Outcome.Lost"/>; any other answer says
    /// nothing of the write (<see cref="RaftNode.ConfirmAsync"/>).
    /// </summary>
    public ValueTask<Answer> ConfirmAsync(LogPosition position, CancellationToken cancellationToken = default) => _node.ConfirmAsync(position, cancellationToken);

    /// <summary>Adds to a counter, which starts at 0.</summary>
    public async ValueTask<CounterAnswer> AddAsync(string key, long delta, CancellationToken cancellationToken = default)
    {
        var bytes = StoreLimits.KeyOf(key, nameof(key));
        var command = new ArrayBufferWriter<byte>();
        StoreCommand.WriteAdd(command, bytes, delta);
        return Answers.ToCounter(await _propose(command.WrittenMemory, cancellationToken).ConfigureAwait(false)) with { Source = Written };
    }

    /// <summary>Raises a counter, which starts at 0, to <paramref name="value"/> where it is below it.</summary>
    public async ValueTask<CounterAnswer> MaxAsync(string key, long value, CancellationToken cancellationToken = default)
    {
        var bytes = StoreLimits.KeyOf(key, nameof(key));
        var command = new ArrayBufferWriter<byte>();
        StoreCommand.WriteMax(command, bytes, value);
        return Answers.ToCounter(await _propose(command.WrittenMemory, cancellationToken).ConfigureAwait(false)) with { Source = Written };
    }

    /// <summary>Sets a counter to <paramref name="value"/> if it is <paramref name="expected"/> (null: if it does not exist).</summary>
    public async ValueTask<CounterAnswer> CompareAndSetAsync(string key, long? expected, long value, CancellationToken cancellationToken = default)
    {
        var bytes = StoreLimits.KeyOf(key, nameof(key));
        var command = new ArrayBufferWriter<byte>();
        StoreCommand.WriteCompareAndSet(command, bytes, expected, value);
        return Answers.ToCounter(await _propose(command.WrittenMemory, cancellationToken).ConfigureAwait(false)) with { Source = Written };
    }

    /// <summary>Deletes a key, whatever it holds; <see cref="CounterAnswer.Value"/> is what a counter last was, 0 for bytes.</summary>
    public async ValueTask<CounterAnswer> DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        var bytes = StoreLimits.KeyOf(key, nameof(key));
        var command = new ArrayBufferWriter<byte>();
        StoreCommand.WriteDelete(command, bytes);
        return Answers.ToCounter(await _propose(command.WrittenMemory, cancellationToken).ConfigureAwait(false)) with { Source = Written };
    }

    /// <summary>
    /// Writes a batch, all of it in one log entry (<see cref="StoreBatch.Command"/>). No outbox accepts one: its operations do not commute.
    /// </summary>
    /// <exception cref="ArgumentException">The bytes are no batch.</exception>
    public async ValueTask<BatchAnswer> WriteAsync(ReadOnlyMemory<byte> batchCommand, CancellationToken cancellationToken = default) =>
        Answers.ToBatch(await WriteRawAsync(batchCommand, cancellationToken).ConfigureAwait(false)) with { Source = Written };

    /// <summary>The same with the reply as bytes, to be carried to another node and read there (<see cref="BatchAnswer.TryRead"/>).</summary>
    internal ValueTask<Answer> WriteRawAsync(ReadOnlyMemory<byte> batchCommand, CancellationToken cancellationToken)
    {
        StoreBatch.Check(batchCommand.Span, nameof(batchCommand));
        return _propose(batchCommand, cancellationToken);
    }

    /// <summary>Reads what up to 1,000 keys hold, counters and bytes, all at one index, in the order of <paramref name="keys"/>; up to 16 MiB of them.</summary>
    /// <exception cref="ArgumentException">There are none or more, or one is no key.</exception>
    public async ValueTask<StoreValuesAnswer> ReadValuesAsync(IReadOnlyList<ReadOnlyMemory<byte>> keys, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count is < 1 or > StoreLimits.MaxGetMany)
            throw new ArgumentException($"There are {keys.Count} keys: ask for 1 to {StoreLimits.MaxGetMany}.", nameof(keys));
        foreach (var key in keys)
            StoreLimits.CheckKey(key.Span, nameof(keys));
        var query = new ArrayBufferWriter<byte>();
        StoreQuery.WriteGetValues(query, keys);
        return Answers.ToStoreValues(keys.Count, await _node.ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false)) with { Source = Served(consistency) };
    }

    /// <summary>
    /// Reads about <paramref name="count"/> keys, 1 to 1,000, from a cursor on: 0, then the <see cref="ScanAnswer.Next"/> of each page until that is 0. A key that is there from the first page
    /// to the last is told in one of them, and none is told twice. What changes meanwhile may be told or not. Any node goes on with a cursor.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is.</exception>
    public async ValueTask<ScanAnswer> ScanAsync(ulong cursor, int count, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        StoreLimits.CheckLimit(count, StoreLimits.MaxScan, nameof(count));
        var query = new ArrayBufferWriter<byte>();
        StoreQuery.WriteScan(query, cursor, count);
        return Answers.ToScan(await _node.ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false)) with { Source = Served(consistency) };
    }

    /// <summary>Reads a counter; the only read that can be <see cref="ReadConsistency.Tentative"/>.</summary>
    public async ValueTask<CounterAnswer> GetAsync(string key, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        var bytes = StoreLimits.KeyOf(key, nameof(key));
        var query = new ArrayBufferWriter<byte>();
        StoreQuery.WriteGet(query, bytes);
        return Answers.ToCounter(await _node.ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false)) with { Source = Served(consistency) };
    }

    /// <summary>Reads up to 1,000 counters, all at one index, in the order of <paramref name="keys"/>.</summary>
    /// <exception cref="ArgumentException">There are none or more, or one is no key.</exception>
    public async ValueTask<ValuesAnswer> GetManyAsync(IReadOnlyCollection<string> keys, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count is < 1 or > StoreLimits.MaxGetMany)
            throw new ArgumentException($"There are {keys.Count} keys: ask for 1 to {StoreLimits.MaxGetMany}.", nameof(keys));
        var query = new ArrayBufferWriter<byte>();
        StoreQuery.WriteGetMany(query, keys.Select(static key => StoreLimits.KeyOf(key, nameof(keys))).ToArray());
        return Answers.ToValues(keys, await _node.ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false)) with { Source = Served(consistency) };
    }

    /// <summary>
    /// Sums the counters whose keys are integers from <paramref name="from"/> to <paramref name="to"/>, both included; nothing where <paramref name="from"/> is the larger. A
    /// key is an integer if it is exactly the decimal text of one with 64 bits and a sign: "7" and "-7" are, "07" and "+7" are not.
    /// </summary>
    public async ValueTask<RangeSumAnswer> RangeSumAsync(long from, long to, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        var query = new ArrayBufferWriter<byte>();
        StoreQuery.WriteRangeSum(query, from, to);
        return Answers.ToRangeSum(await _node.ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false)) with { Source = Served(consistency) };
    }

    /// <summary>
    /// Tells the changes of counters as they are applied at this node, which may be behind others: each committed change once, in the order of the log, without a gap
    /// (<see cref="WatchEvent"/>). At most <see cref="MaxWatches"/> at a time.
    /// </summary>
    /// <param name="filter">Which counters.</param>
    /// <param name="from">
    /// All changes behind this index, once this node has applied it: a <see cref="WatchEvent.Resume"/>, or the index of an answer, of any node of this cluster's incarnation
    /// (<see cref="RaftStatus.Incarnation"/>). Where this node does not know them any more, because they are too long ago, it has started again or installed a snapshot, a
    /// <see cref="WatchEventKind.Reset"/> comes in their place. Null begins with one: the counters as they are.
    /// </param>
    /// <param name="cancellationToken">Ends the watch with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="WatchEndedException">This node stops or has too many watches; thrown where the events are enumerated.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> is negative.</exception>
    public IAsyncEnumerable<WatchEvent> WatchAsync(WatchFilter filter, LogIndex? from = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(from?.Value ?? 0, 0, nameof(from));
        return _watches.RunAsync(new(filter, from), cancellationToken);
    }

    /// <summary>The watches of this node, among which subscriptions of stream jobs count while they wait.</summary>
    internal Watches Watches => _watches;

    /// <summary>The next page of a watch that somebody else keeps (<see cref="Watches.PageAsync"/>); it counts among <see cref="MaxWatches"/>.</summary>
    internal ValueTask<WatchAnswer> WatchPageAsync(Watcher watcher, TimeSpan wait, CancellationToken cancellationToken) => _watches.PageAsync(watcher, wait, cancellationToken);

    /// <summary>Reads the <paramref name="limit"/> largest counters; 1 to 10,000.</summary>
    public async ValueTask<TopAnswer> TopAsync(int limit, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        StoreLimits.CheckLimit(limit, StoreLimits.MaxTop, nameof(limit));
        var query = new ArrayBufferWriter<byte>();
        StoreQuery.WriteTop(query, limit);
        return Answers.ToTop(await _node.ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false)) with { Source = Served(consistency) };
    }

    /// <summary>Reads a job's position.</summary>
    public async ValueTask<JobAnswer> JobAsync(string job, string partition, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        var name = StoreLimits.NameOf(job, partition);
        var query = new ArrayBufferWriter<byte>();
        StoreQuery.WriteJob(query, name);
        return Answers.ToJob(name, await _node.ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false)) with { Source = Served(consistency) };
    }

    /// <summary>Reads the newest <paramref name="limit"/> dead letters of a partition; 1 to 1,000.</summary>
    public async ValueTask<DeadLettersAnswer> DeadLettersAsync(string job, string partition, int limit, ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        var name = StoreLimits.NameOf(job, partition);
        StoreLimits.CheckLimit(limit, StoreLimits.MaxDeadLetters, nameof(limit));
        var query = new ArrayBufferWriter<byte>();
        StoreQuery.WriteDeadLetters(query, name, limit);
        return Answers.ToDeadLetters(await _node.ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false)) with { Source = Served(consistency) };
    }

    /// <summary>Reads the size of the store.</summary>
    public async ValueTask<StatsAnswer> StatsAsync(ReadConsistency consistency = default, CancellationToken cancellationToken = default)
    {
        var query = new ArrayBufferWriter<byte>();
        StoreQuery.WriteStats(query);
        return Answers.ToStats(await _node.ReadAsync(query.WrittenMemory, consistency, cancellationToken).ConfigureAwait(false)) with { Source = Served(consistency) };
    }

    /// <summary>Reads with a query of another kind; the reply as bytes.</summary>
    internal ValueTask<Answer> QueryAsync(ReadOnlyMemory<byte> query, ReadConsistency consistency, CancellationToken cancellationToken) => _node.ReadAsync(query, consistency, cancellationToken);

    private AnswerSource Written
    {
        get
        {
            var status = _node.Status;
            return new(status.Id, status.Leader, Read: null, _concern);
        }
    }

    private AnswerSource Served(ReadConsistency consistency)
    {
        var status = _node.Status;
        return new(status.Id, status.Leader, consistency, Write: null);
    }
}
