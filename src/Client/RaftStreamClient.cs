using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Client.Routing;

namespace RaftStream.Client;

/// <summary>
/// A client of a cluster: finds the leader and follows it, sends each read to a node that serves its level, and sends again what is safe to send again. Safe to call
/// from any thread; make one for a program and keep it.
/// </summary>
/// <remarks>
/// What nodes and networks do is told in the answer, never by an exception; an argument that is out of range is an <see cref="ArgumentException"/>. A call ends after its time
/// (<see cref="RaftStreamClientOptions.RequestTimeout"/>), and when its cancellation token ends it: of a write that was sent the outcome is then <see cref="ClientOutcome.Unknown"/>.
/// A write of unknown outcome is never sent again here, because it could count twice; a <see cref="ClientSession"/> makes that safe.
/// Keys take 1 to 4,096 bytes of UTF-8.
/// </remarks>
public sealed class RaftStreamClient : IAsyncDisposable
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMilliseconds(RequestMessage.MaxDeadlineMs);

    private readonly RaftStreamClientOptions _options;
    private readonly NodeTable _nodes;
    private readonly CallRunner _runner;
    private readonly WatchRunner _watches;
    private readonly SubscriptionRunner _subscriptions;
    private int _disposed;

    private RaftStreamClient(RaftStreamClientOptions options)
    {
        _options = options;
        _nodes = new(options);
        _runner = new(_nodes, options);
        var pages = new PageRunner(_nodes, options, _runner.Stopping);
        (_watches, _subscriptions) = (new(pages), new(pages));
    }

    /// <summary>The nodes as the client sees them at the moment.</summary>
    public IReadOnlyList<ClientNode> Nodes
    {
        get
        {
            var leader = _nodes.Leader;
            return [.. _nodes.Links.Select(link => new ClientNode(link.Address, link.Id, link.Connection is not null, link == leader, link.RoundTrip > TimeSpan.Zero ? link.RoundTrip : null))];
        }
    }

    /// <summary>What this client has seen so far: <see cref="ReadLevel.ReadYourWrites"/> comes after it. It can be handed to another client.</summary>
    public ReadToken Seen => _nodes.Seen;

    /// <summary>Repetitions that are left of the budget.</summary>
    public long RetriesLeft => _runner.Budget.Left;

    internal bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    internal RaftStreamClientOptions Options => _options;

    internal CallRunner Runner => _runner;

    /// <summary>Connects to a cluster: returns once one of the nodes has answered. The others, and the leader, are looked for meanwhile and for ever after.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="RaftStreamClientException">No node answered in time, or all refuse this client: the message tells what the last one said.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public static async ValueTask<RaftStreamClient> ConnectAsync(RaftStreamClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        var client = new RaftStreamClient(options);
        try
        {
            await client.FindNodeAsync(cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Reads a counter.</summary>
    /// <exception cref="ArgumentException">The key or the timeout is out of range.</exception>
    public ValueTask<CounterResult> GetAsync(string key, ReadOptions options = default, CancellationToken cancellationToken = default)
    {
        CheckKey(key);
        var request = new RequestMessage(RequestKind.Get) { Key = key, Level = TermsOf(options.Level) };
        return _runner.RunAsync(this, options.Level.Kind, request, KindOf(options.Level), Timeout(options.Timeout), cancellationToken);
    }

    /// <summary>Reads up to 1,000 counters, all as they were at one index of the log.</summary>
    /// <param name="keys">Which; what they take together, and three bytes more each, is 16,000 bytes of UTF-8 at the most.</param>
    /// <param name="options">At which level; not <see cref="ReadLevel.Tentative"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">There are none or too many keys, one is no key, or the timeout is out of range.</exception>
    public async ValueTask<ValuesResult> GetManyAsync(IReadOnlyCollection<string> keys, ReadOptions options = default, CancellationToken cancellationToken = default)
    {
        var asked = KeysOf(keys);
        var request = new RequestMessage(RequestKind.GetMany) { Keys = asked, Level = TermsOf(options.Level) };
        var end = await _runner.RunAsync(request, KindOf(options.Level), Timeout(options.Timeout), cancellationToken).ConfigureAwait(false);
        var answer = end.Answer;
        if (answer is { Outcome: ClientOutcome.Applied, Problem: null } && answer.Values.Count != asked.Length)
            return new(ClientOutcome.Rejected, ClientRefusal.Internal, $"The node answered for {answer.Values.Count} counters, not for {asked.Length}.", [], Stamp(end, options.Level.Kind));
        return new(answer.Outcome, answer.Refusal, answer.Problem, answer.Outcome == ClientOutcome.Applied ? [.. asked.Zip(answer.Values, static (key, value) => new CounterReading(key, value))] : [], Stamp(end, options.Level.Kind));
    }

    /// <summary>
    /// Sums the counters whose keys are whole numbers from <paramref name="from"/> to <paramref name="to"/>, both included; nothing where <paramref name="from"/> is the larger. A key
    /// is one if it is exactly the decimal text of 64 bits with a sign: "7" and "-7" are, "07" and "+7" are not.
    /// </summary>
    /// <param name="from">The first.</param>
    /// <param name="to">The last.</param>
    /// <param name="options">At which level; not <see cref="ReadLevel.Tentative"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The timeout is out of range.</exception>
    public async ValueTask<RangeSumResult> RangeSumAsync(long from, long to, ReadOptions options = default, CancellationToken cancellationToken = default)
    {
        var request = new RequestMessage(RequestKind.RangeSum) { From = from, To = to, Level = TermsOf(options.Level) };
        var end = await _runner.RunAsync(request, KindOf(options.Level), Timeout(options.Timeout), cancellationToken).ConfigureAwait(false);
        return new(end.Answer.Outcome, end.Answer.Refusal, end.Answer.Problem, end.Answer.Sum, end.Answer.Count, Stamp(end, options.Level.Kind));
    }

    /// <summary>Reads the largest counters.</summary>
    /// <param name="limit">How many: 1 to 10,000. A list whose keys take more than a mebibyte is refused as <see cref="ClientRefusal.TooLarge"/>.</param>
    /// <param name="options">At which level.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The limit or the timeout is out of range.</exception>
    public async ValueTask<TopResult> TopAsync(int limit, ReadOptions options = default, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, RequestMessage.MaxTop);
        var request = new RequestMessage(RequestKind.Top) { Limit = limit, Level = TermsOf(options.Level) };
        var end = await _runner.RunAsync(request, KindOf(options.Level), Timeout(options.Timeout), cancellationToken).ConfigureAwait(false);
        var answer = end.Answer;
        return new(answer.Outcome, answer.Refusal, answer.Problem, answer.Rows ?? [], answer.Total, answer.Distinct, Stamp(end, options.Level.Kind));
    }

    /// <summary>Adds to a counter, which starts at 0. Sent again only after a refusal that is certain.</summary>
    /// <exception cref="ArgumentException">The key or the timeout is out of range.</exception>
    public ValueTask<CounterResult> AddAsync(string key, long delta, WriteOptions options = default, CancellationToken cancellationToken = default) =>
        WriteAsync(new(RequestKind.Add) { Key = key, Delta = delta }, options, cancellationToken);

    /// <summary>Raises a counter, which starts at 0, to <paramref name="value"/> where it is below it. Sent again only after a refusal that is certain.</summary>
    /// <exception cref="ArgumentException">The key or the timeout is out of range.</exception>
    public ValueTask<CounterResult> MaxAsync(string key, long value, WriteOptions options = default, CancellationToken cancellationToken = default) =>
        WriteAsync(new(RequestKind.Max) { Key = key, Value = value }, options, cancellationToken);

    /// <summary>Sets a counter to <paramref name="value"/> if it is <paramref name="expected"/> (null: if it does not exist). Sent again only after a refusal that is certain.</summary>
    /// <exception cref="ArgumentException">The key or the timeout is out of range.</exception>
    public ValueTask<CounterResult> CompareAndSetAsync(string key, long? expected, long value, WriteOptions options = default, CancellationToken cancellationToken = default) =>
        WriteAsync(new(RequestKind.CompareAndSet) { Key = key, Expected = expected, Value = value }, options, cancellationToken);

    /// <summary>Deletes a counter. Sent again only after a refusal that is certain.</summary>
    /// <exception cref="ArgumentException">The key or the timeout is out of range.</exception>
    public ValueTask<CounterResult> DeleteAsync(string key, WriteOptions options = default, CancellationToken cancellationToken = default) =>
        WriteAsync(new(RequestKind.Delete) { Key = key }, options, cancellationToken);

    /// <summary>
    /// Tells the changes of counters as a node has applied them, which may be behind others: each committed change once, in the order of the log, without a gap
    /// (<see cref="ClientWatchEvent"/>). It goes on at another node by itself when a node or a connection fails, for ever; a node takes 256 watches, and the client 64, its subscriptions included.
    /// </summary>
    /// <remarks>
    /// Events are fetched some at a time, as they are taken: a slow reader holds no more than one page of them, here and in the node, and nothing else of this client waits for it. One that is
    /// too slow finds that the changes are not known any more, and gets a <see cref="ClientWatchKind.Reset"/>.
    /// </remarks>
    /// <param name="filter">Which counters.</param>
    /// <param name="from">
    /// All changes behind this: a <see cref="ClientWatchEvent.Resume"/>, the token of an answer, or an id of the HTTP interface. Where the node does not know them any more, or the token is
    /// of another incarnation of the cluster, a <see cref="ClientWatchKind.Reset"/> comes in their place. Null begins with one: the counters as they are.
    /// </param>
    /// <param name="cancellationToken">Ends the watch with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index of <paramref name="from"/> is out of range.</exception>
    /// <exception cref="RaftStreamClientException">
    /// There are too many watches, the client may not read or its token was revoked meanwhile, the key is longer than the nodes take, or the client was disposed; thrown where the events are enumerated.
    /// </exception>
    public IAsyncEnumerable<ClientWatchEvent> WatchAsync(ClientWatchFilter filter, ReadToken? from = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(from?.Index ?? 0, 0, nameof(from));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from?.Index ?? 0, WatchMark.MaxEntry, nameof(from));
        return _watches.RunAsync(filter, from, cancellationToken);
    }

    /// <summary>Hands lines in to a source of a stream job (<c>Ingest</c> in its topology), under the name of a producer, which numbers its own.</summary>
    /// <param name="job">The job.</param>
    /// <param name="source">The source.</param>
    /// <param name="name">Who sends, always the same for the same row of lines: 1 to 200 characters without control characters, as all names of a job.</param>
    /// <param name="first">The number of the first line: 1 to 2^63 - 4,097. <see cref="StreamProducer.ResumeAsync"/> finds out where a producer that has sent before goes on.</param>
    /// <exception cref="ArgumentException">A name or the number is out of range.</exception>
    public StreamProducer Producer(string job, string source, string name, long first = 1)
    {
        StreamNames.Check(job, nameof(job));
        StreamNames.Check(source, nameof(source));
        StreamNames.Check(name, nameof(name));
        ArgumentOutOfRangeException.ThrowIfLessThan(first, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, IngestTerms.MaxFirst);
        return new(this, job, source, name, first);
    }

    /// <summary>
    /// What a subscription of a stream job (<c>ToSubscription</c> in its topology) gives out, as a node has applied it, which may be behind others: each output once, in the order of the sequences. It goes on at another
    /// node by itself when a node or a connection fails, for ever; watches and subscriptions are 256 a node and 64 a client.
    /// </summary>
    /// <remarks>Outputs are fetched up to 256 at a time, as they are taken: a slow reader holds no more than one page of 32 KiB, here and in the node, and nothing else of this client waits for it.</remarks>
    /// <param name="job">The job.</param>
    /// <param name="sink">The subscription.</param>
    /// <param name="from">The first sequence that is wanted: 1 for all that are kept, one more than that of the last output to go on behind it. Where it is not kept any more, the oldest that is kept comes first: a gap shows in the sequences.</param>
    /// <param name="cancellationToken">Ends the subscription with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">A name or the sequence is out of range.</exception>
    /// <exception cref="RaftStreamClientException">
    /// There are too many watches and subscriptions, no such job or subscription, an output is longer than 32,747 bytes, the client may not read, the cluster was restored or reset meanwhile, or the client was disposed; thrown where the
    /// outputs are enumerated.
    /// </exception>
    public IAsyncEnumerable<ClientSinkOutput> SubscribeAsync(string job, string sink, long from = 1, CancellationToken cancellationToken = default)
    {
        StreamNames.Check(job, nameof(job));
        StreamNames.Check(sink, nameof(sink));
        ArgumentOutOfRangeException.ThrowIfLessThan(from, 1);
        return _subscriptions.RunAsync(job, sink, from, cancellationToken);
    }

    /// <summary>Waits until it is decided what became of a provisional write.</summary>
    /// <exception cref="ArgumentException">The position has an index or a term below 1, or the timeout is out of range.</exception>
    public async ValueTask<ConfirmResult> ConfirmAsync(WritePosition position, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(position.Index, 1, nameof(position));
        ArgumentOutOfRangeException.ThrowIfLessThan(position.Term, 1, nameof(position));
        var end = await _runner.RunAsync(new(RequestKind.Confirm) { Position = position }, CallKind.RepeatableWrite, Timeout(timeout), cancellationToken).ConfigureAwait(false);
        return new(end.Answer.Outcome, end.Answer.Refusal, end.Answer.Problem, Stamp(end, ConsistencyLevel.Linearizable));
    }

    /// <summary>Opens a session, in which each write is applied at most once however often it is sent, and is therefore sent until its outcome is known.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="RaftStreamClientException">None could be opened in time: the message says why.</exception>
    public ValueTask<ClientSession> OpenSessionAsync(ClientSessionOptions? options = null, CancellationToken cancellationToken = default) =>
        ClientSession.OpenAsync(this, options ?? new(), cancellationToken);

    /// <summary>Ends all calls and connections. Writes that were sent and not answered end as <see cref="ClientOutcome.Unknown"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _runner.Stop();
        await _nodes.DisposeAsync().ConfigureAwait(false);
        await _runner.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Refuses what is no key; how many bytes it has.</summary>
    internal static int CheckKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var size = StrictText.SizeOf(key) ?? throw new ArgumentException("The key holds half of a surrogate pair: give text that UTF-8 can hold.", nameof(key));
        return size is >= 1 and <= RequestMessage.MaxKeyBytes
            ? size
            : throw new ArgumentException($"The key has {key.Length} characters: give one of 1 to {RequestMessage.MaxKeyBytes} bytes of UTF-8.", nameof(key));
    }

    private static string[] KeysOf(IReadOnlyCollection<string> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count is < 1 or > RequestMessage.MaxKeys)
            throw new ArgumentException($"There are {keys.Count} keys: ask for 1 to {RequestMessage.MaxKeys}.", nameof(keys));
        var size = keys.Sum(static key => CheckKey(key) + RequestMessage.KeyOverhead);
        return size <= RequestMessage.MaxKeysBytes
            ? [.. keys]
            : throw new ArgumentException($"The keys take {size} bytes with {RequestMessage.KeyOverhead} more for each: ask for fewer at a time, {RequestMessage.MaxKeysBytes} bytes at the most.", nameof(keys));
    }

    /// <summary>How long a call may take.</summary>
    internal TimeSpan Timeout(TimeSpan? timeout)
    {
        if (timeout is not { } given)
            return _options.RequestTimeout;
        RaftStreamClientOptions.CheckTime(given, nameof(timeout), TimeSpan.FromMilliseconds(1), LongestTimeout);
        return given;
    }

    /// <summary>The answer about one counter as a caller gets it.</summary>
    internal CounterResult Counter(in CallEnd end, ConsistencyLevel asked)
    {
        var answer = end.Answer;
        return new(answer.Outcome, answer.Refusal, answer.Problem, answer.Value, answer.Exists, answer.Matched, Stamp(end, asked))
        {
            Position = answer.Outcome == ClientOutcome.Provisional ? new(answer.Incarnation, answer.Index, answer.Term) : null,
            Accepted = answer.Outcome == ClientOutcome.Accepted ? new(answer.Node, answer.Epoch, answer.Sequence) : null,
            IsTentative = answer.IsTentative,
        };
    }

    /// <summary>What an answer tells of itself; what it has seen is remembered.</summary>
    internal AnswerStamp Stamp(in CallEnd end, ConsistencyLevel asked)
    {
        var answer = end.Answer;

        // [safety] A provisional write may never be: whoever waited for its index would wait for another's. An accepted one has no index yet.
        ReadToken? token = answer.Outcome == ClientOutcome.Applied && answer.Level is not null ? new(answer.Incarnation, answer.Index) : null;
        if (token is { } seen)
            _nodes.See(seen);
        return new()
        {
            Asked = asked,
            Effective = answer.Level,
            Index = answer.Index,
            Term = answer.Term,
            Age = answer.AgeMicroseconds is { } age ? TimeSpan.FromTicks(age * TimeSpan.TicksPerMicrosecond) : null,
            Node = answer.Node,
            Leader = answer.Leader,
            Token = token,
            Attempts = end.Attempts,
        };
    }

    private ValueTask<CounterResult> WriteAsync(RequestMessage request, WriteOptions options, CancellationToken cancellationToken)
    {
        CheckKey(request.Key);
        var (kind, asked) = options.Concern switch
        {
            ClientWriteConcern.Quorum => (CallKind.Write, ConsistencyLevel.Quorum),
            ClientWriteConcern.Leader => (CallKind.Write, ConsistencyLevel.Leader),
            ClientWriteConcern.Available => (CallKind.NearWrite, ConsistencyLevel.Available),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Concern, "There is no such concern: give Quorum, Leader or Available."),
        };
        return _runner.RunAsync(this, asked, request with { Concern = options.Concern }, kind, Timeout(options.Timeout), cancellationToken);
    }

    private async Task FindNodeAsync(CancellationToken cancellationToken)
    {
        var start = _options.TimeProvider.GetTimestamp();
        while (true)
        {
            var changed = _nodes.Changed.Next;
            if (_nodes.Links.Any(static link => link.Connection is not null))
                return;
            var left = _options.ConnectTimeout - _options.TimeProvider.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || _nodes.Links.All(static link => link.LastFailure is { Refusal: not ClientRefusal.Disconnected }))
                throw _nodes.Unreachable();
            await Pulse.WaitAsync(changed, left, _options.TimeProvider, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private LevelTerms TermsOf(ReadLevel level) => level.Kind switch
    {
        // Rounded down: what is promised is not to be older than asked.
        ConsistencyLevel.BoundedStaleness => new(level.Kind, MaxAgeMs: (long)level.MaxAge.TotalMilliseconds),
        ConsistencyLevel.Session => new(level.Kind, Token: level.Token ?? _nodes.Seen),
        _ => new(level.Kind),
    };

    private static CallKind KindOf(ReadLevel level) => level.Kind is ConsistencyLevel.Linearizable or ConsistencyLevel.Lease ? CallKind.LeaderRead : CallKind.NearRead;
}
