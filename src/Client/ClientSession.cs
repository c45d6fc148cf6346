using RaftStream.Client.Protocol;
using RaftStream.Client.Routing;

namespace RaftStream.Client;

/// <summary>How a <see cref="ClientSession"/> behaves.</summary>
public sealed record ClientSessionOptions
{
    private const int Window = 1_024;

    /// <summary>Log time without a write after which the cluster ends the session: 1 ms to 30 days, in whole milliseconds.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Writes under way at a time: 1 to 1,024. Further ones wait.</summary>
    public int MaxInFlight { get; init; } = 256;

    /// <summary>How long a write may take in all, unless the call says otherwise: 1 ms to 10 minutes. Long enough for an election, as a rule.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Check()
    {
        RaftStreamClientOptions.CheckTime(IdleTimeout, nameof(IdleTimeout), TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(30));
        RaftStreamClientOptions.CheckTime(WriteTimeout, nameof(WriteTimeout), TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(10));
        if (MaxInFlight is < 1 or > Window)
            throw new ArgumentException($"{nameof(MaxInFlight)} is {MaxInFlight}: give 1 to {Window}.");
    }
}

/// <summary>
/// A session of the cluster: numbers its writes, sends each again under its number until it is known what became of it, and tells the cluster which answers it has. So each
/// write is applied at most once, through changes of the leader and restarts of all nodes; and exactly once if the answer is <see cref="ClientOutcome.Applied"/>.
/// Safe to call from any thread.
/// </summary>
/// <remarks>
/// Writes that are under way together are applied in any order: await one before the next where order matters. The session lives in this object alone: a program that restarts
/// opens another one and cannot ask what became of a write of the old one. Once the cluster has ended the session, by its idle time for instance, every write is told so
/// (<see cref="ClientRefusal.SessionExpired"/>), and none is run anew behind the caller's back.
/// </remarks>
public sealed class ClientSession : IAsyncDisposable
{
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    private readonly RaftStreamClient _client;
    private readonly ClientSessionOptions _options;
    private readonly SemaphoreSlim _places;

    // RaftSession keeps the same account of numbers. The two stay apart: a client uses nothing of the raft library but its wire, and what they would share is the ten lines of
    // Finish, while who sends again, and when, differs.
    private readonly Lock _gate = new();
    private readonly SortedSet<long> _done = [];
    private long _next = 1;
    private long _acknowledged;
    private int _disposed;

    private ClientSession(RaftStreamClient client, ClientSessionOptions options, uint incarnation, long id) =>
        (_client, _options, Incarnation, Id, _places) = (client, options, incarnation, id, new(options.MaxInFlight));

    /// <summary>The session's id in the log: the index of the entry that opened it.</summary>
    public long Id { get; }

    /// <summary>Which life of the cluster it is of.</summary>
    public uint Incarnation { get; }

    /// <summary>Adds to a counter, which starts at 0, once.</summary>
    /// <exception cref="ArgumentException">The key or the timeout is out of range.</exception>
    public ValueTask<CounterResult> AddAsync(string key, long delta, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        WriteAsync(new(RequestKind.Add) { Key = key, Delta = delta }, timeout, cancellationToken);

    /// <summary>Raises a counter, which starts at 0, to <paramref name="value"/> where it is below it, once.</summary>
    /// <exception cref="ArgumentException">The key or the timeout is out of range.</exception>
    public ValueTask<CounterResult> MaxAsync(string key, long value, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        WriteAsync(new(RequestKind.Max) { Key = key, Value = value }, timeout, cancellationToken);

    /// <summary>Sets a counter to <paramref name="value"/> if it is <paramref name="expected"/> (null: if it does not exist), once.</summary>
    /// <exception cref="ArgumentException">The key or the timeout is out of range.</exception>
    public ValueTask<CounterResult> CompareAndSetAsync(string key, long? expected, long value, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        WriteAsync(new(RequestKind.CompareAndSet) { Key = key, Expected = expected, Value = value }, timeout, cancellationToken);

    /// <summary>Deletes a counter, once.</summary>
    /// <exception cref="ArgumentException">The key or the timeout is out of range.</exception>
    public ValueTask<CounterResult> DeleteAsync(string key, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        WriteAsync(new(RequestKind.Delete) { Key = key }, timeout, cancellationToken);

    /// <summary>Waits for the writes under way, then ends the session in the cluster if a leader can be asked within a second; else it ends by its idle time.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        for (var place = 0; place < _options.MaxInFlight; place++)
            await _places.WaitAsync().ConfigureAwait(false);
        _places.Dispose();
        if (_client.IsDisposed)
            return;
        var close = new RequestMessage(RequestKind.CloseSession) { Session = new(Incarnation, Id, 0, 0) };
        await _client.Runner.RunAsync(close, CallKind.RepeatableWrite, ClosePatience, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Opens a session through the log.</summary>
    internal static async ValueTask<ClientSession> OpenAsync(RaftStreamClient client, ClientSessionOptions options, CancellationToken cancellationToken)
    {
        options.Check();

        // An attempt of unknown outcome may have opened a session: nobody uses it, so it expires.
        var open = new RequestMessage(RequestKind.OpenSession) { IdleTimeoutMs = (long)options.IdleTimeout.TotalMilliseconds };
        var end = await client.Runner.RunAsync(open, CallKind.RepeatableWrite, options.WriteTimeout, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return end.Answer is { Outcome: ClientOutcome.Applied, Kind: AnswerKind.Session } opened
            ? new(client, options, opened.Incarnation, opened.Session)
            : throw new RaftStreamClientException(end.Answer.Refusal, $"No session could be opened: {end.Answer.Problem ?? "no leader answered in time."}");
    }

    private async ValueTask<CounterResult> WriteAsync(RequestMessage request, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        RaftStreamClient.CheckKey(request.Key);
        var patience = timeout is null ? _options.WriteTimeout : _client.Timeout(timeout);
        var start = _client.Options.TimeProvider.GetTimestamp();
        if (!_places.Wait(0, CancellationToken.None) && await PlaceAsync(patience, cancellationToken).ConfigureAwait(false) is { } refusal)
            return _client.Counter(new(AnswerMessage.Refused(0, ClientOutcome.Rejected, refusal, Connections.ClientSentences.Of(refusal)), 0), ConsistencyLevel.Quorum);
        SessionNumber number;
        lock (_gate)
            number = new(Incarnation, Id, _next++, _acknowledged);
        try
        {
            var left = patience - _client.Options.TimeProvider.GetElapsedTime(start);
            var end = await _client.Runner.RunAsync(request with { Session = number }, CallKind.RepeatableWrite, left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1), cancellationToken).ConfigureAwait(false);
            return _client.Counter(end, ConsistencyLevel.Quorum);
        }
        finally
        {
            Finish(number.Sequence);
        }
    }

    private async ValueTask<ClientRefusal?> PlaceAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, _client.Options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var place = _places.WaitAsync(either.Token);
        await place.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return place.IsCompletedSuccessfully ? null : cancellationToken.IsCancellationRequested ? ClientRefusal.Cancelled : ClientRefusal.TimedOut;
    }

    /// <summary>
    /// The caller has its answer, or gave up. A place becomes free only as the oldest write ends, so no number ever lies beyond the window that the
    /// cluster keeps.
    /// </summary>
    private void Finish(long sequence)
    {
        var freed = 0;
        lock (_gate)
        {
            _done.Add(sequence);
            for (; _done.Remove(_acknowledged + 1); freed++)
                _acknowledged++;
        }

        if (freed > 0)
            _places.Release(freed);
    }
}
