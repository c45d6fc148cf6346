namespace RaftStream.Raft;

/// <summary>Proposes a session entry on whichever node leads, as <see cref="RaftNode.ProposeSessionEntryAsync"/> does there.</summary>
/// <param name="entry">The entry's bytes.</param>
/// <param name="cancellationToken">Ends the wait: the answer is then <see cref="Outcome.Unknown"/>, no exception.</param>
public delegate ValueTask<Answer> SessionProposer(ReadOnlyMemory<byte> entry, CancellationToken cancellationToken);

/// <summary>How a <see cref="RaftSession"/> behaves.</summary>
public sealed record RaftSessionOptions
{
    /// <summary>Log time without a command after which the cluster ends the session: 1 ms to 30 days.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Commands under way at a time: 1 to 1,024. Further ones wait.</summary>
    public int MaxInFlight { get; init; } = 64;

    /// <summary>How long a command is tried before its caller gets <see cref="Outcome.Unknown"/>, or the last refusal if it was surely not done.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The pause before a command is sent again.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Check()
    {
        if (IdleTimeout < SessionEntry.MinIdleTimeout || IdleTimeout > SessionEntry.MaxIdleTimeout)
            throw new ArgumentException($"The idle timeout is {IdleTimeout}: give 1 ms to 30 days.");
        if (MaxInFlight < 1 || MaxInFlight > SessionLimits.Default.Window)
            throw new ArgumentException($"{MaxInFlight} commands in flight are out of range: give 1 to {SessionLimits.Default.Window}.");
        if (Patience <= TimeSpan.Zero || Patience > TimeSpan.FromDays(1) || RetryAfter < TimeSpan.Zero || RetryAfter > Patience)
            throw new ArgumentException($"A patience of {Patience} with a retry after {RetryAfter} is out of range: give up to a day, and retry within it.");
    }
}

/// <summary>
/// A client's end of a session: numbers its commands, sends each again under its number until it knows what became of it, and tells the
/// cluster which answers it has. So each command is applied at most once, through changes of the leader and restarts of all nodes; and
/// exactly once if the answer is <see cref="Outcome.Applied"/>. Safe to call from any thread.
/// </summary>
/// <remarks>
/// Commands that are under way together are applied in any order: await one before the next where order matters. The session lives in
/// this object alone: a client that restarts opens another one, and cannot ask what became of a command of the old one.
/// </remarks>
public sealed class RaftSession : IDisposable
{
    private readonly SessionProposer _propose;
    private readonly RaftSessionOptions _options;
    private readonly SemaphoreSlim _places;
    private readonly Lock _gate = new();
    private readonly SortedSet<long> _done = [];
    private long _next = 1;
    private long _acknowledged;

    private RaftSession(SessionId id, SessionProposer propose, RaftSessionOptions options) =>
        (Id, _propose, _options, _places) = (id, propose, options, new(options.MaxInFlight));

    /// <summary>The session in the log.</summary>
    public SessionId Id { get; }

    /// <summary>
    /// Opens a session. The session is null, and the answer says why, where none could be opened in time.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static async ValueTask<(RaftSession? Session, Answer Answer)> OpenAsync(
        SessionProposer propose, RaftSessionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(propose);
        options ??= new();
        options.Check();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Patience);

        // An attempt of unknown outcome may have opened a session: nobody uses it, so it expires.
        var entry = SessionEntry.Open(options.IdleTimeout);
        var answer = await AskAsync(() => entry, propose, options, patience.Token).ConfigureAwait(false);
        return (answer.Outcome == Outcome.Applied ? new(new(answer.Position.Index.Value), propose, options) : null, answer);
    }

    /// <summary>
    /// Runs a command of the state machine once. <see cref="Outcome.Rejected"/>: it was surely not applied and will not be;
    /// with <see cref="Refusal.SessionExpired"/> the session is over, open another one. <see cref="Outcome.Unknown"/>: it was applied
    /// once or not at all.
    /// </summary>
    public async ValueTask<Answer> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken = default)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_options.Patience);
        try
        {
            await _places.WaitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return new(Outcome.Rejected, Refusal.TimedOut, default, default);
        }

        long sequence;
        lock (_gate)
            sequence = _next++;
        try
        {
            return await AskAsync(() => Encode(sequence, command), _propose, _options, patience.Token).ConfigureAwait(false);
        }
        finally
        {
            Finish(sequence);
        }
    }

    /// <summary>Ends the session in the cluster; commands after it are refused with <see cref="Refusal.SessionExpired"/>.</summary>
    public async ValueTask<Answer> CloseAsync(CancellationToken cancellationToken = default)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(_options.Patience);
        var entry = SessionEntry.Close(Id);
        return await AskAsync(() => entry, _propose, _options, patience.Token).ConfigureAwait(false);
    }

    /// <summary>Lets go of what this object holds here; the session in the cluster stays until it is closed or expires.</summary>
    public void Dispose() => _places.Dispose();

    /// <summary>
    /// Sends an entry until the answer is certain. [safety] Once an attempt is of unknown outcome it may still be on its way to the log, or
    /// in it: no later refusal makes it "certainly not done", not even that the session has expired, which may have come after it.
    /// </summary>
    private static async ValueTask<Answer> AskAsync(Func<byte[]> entry, SessionProposer propose, RaftSessionOptions options, CancellationToken patience)
    {
        var isUncertain = false;
        while (true)
        {
            var answer = await propose(entry(), patience).ConfigureAwait(false);
            if (answer.Outcome == Outcome.Applied)
                return answer;
            isUncertain |= answer.Outcome == Outcome.Unknown;
            if (patience.IsCancellationRequested || (answer.Outcome == Outcome.Rejected && IsFinal(answer.Refusal)) || !await PauseAsync(options.RetryAfter, patience).ConfigureAwait(false))
                return answer with { Outcome = isUncertain ? Outcome.Unknown : Outcome.Rejected };
        }
    }

    private static bool IsFinal(Refusal refusal) => refusal is Refusal.SessionExpired or Refusal.SessionStale or Refusal.SessionMalformed or Refusal.TooLarge;

    private static async ValueTask<bool> PauseAsync(TimeSpan pause, CancellationToken patience)
    {
        // No exception for what is expected: the pause ends either way.
        await Task.Delay(pause, patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !patience.IsCancellationRequested;
    }

    /// <summary>Each attempt tells anew up to where the answers are here.</summary>
    private byte[] Encode(long sequence, ReadOnlyMemory<byte> command)
    {
        lock (_gate)
            return SessionEntry.Command(new(Id, sequence, _acknowledged, command));
    }

    /// <summary>
    /// The caller has its answer, or gave up. A place becomes free only as the oldest command ends, so no sequence ever lies beyond the
    /// window that the cluster keeps.
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
