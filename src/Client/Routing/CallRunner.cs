using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Routing;

/// <summary>How a call ended.</summary>
/// <param name="Answer">The last answer.</param>
/// <param name="Attempts">How often the request was sent.</param>
internal readonly record struct CallEnd(AnswerMessage Answer, int Attempts);

/// <summary>
/// Brings a request to a node that can serve it: chooses one, sends, judges the answer, and tries again where that is safe, within the call's time and the client's
/// budget. One a client; any thread.
/// </summary>
/// <remarks>
/// [safety] Once one attempt of a write is of unknown outcome, no later refusal makes the call "certainly not done": the attempt may still be on its way to the log, or in it.
/// The first attempt of a healthy cluster allocates nothing: the call and the place of the request are used again.
/// </remarks>
internal sealed class CallRunner(NodeTable nodes, RaftStreamClientOptions options) : IAsyncDisposable
{
    private readonly TimeProvider _time = options.TimeProvider;
    private readonly SemaphoreSlim _places = new(options.MaxInFlight);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Stack<Call> _spare = new();

    /// <summary>What may still be repeated.</summary>
    public RetryBudget Budget { get; } = new(options.RetryRatio, options.RetryReserve);

    /// <summary>This instant, as a timestamp.</summary>
    public long Now => _time.GetTimestamp();

    /// <summary>Cancelled when the client ends.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Runs a call for its time at the most. Never throws for what nodes and networks do.</summary>
    public ValueTask<CallEnd> RunAsync(RequestMessage request, CallKind kind, TimeSpan timeout, CancellationToken cancellationToken) =>
        TakeCall().Run(new(request, kind, timeout, cancellationToken));

    /// <summary>The same about one counter, told as the client tells such answers.</summary>
    public ValueTask<CounterResult> RunAsync(RaftStreamClient client, ConsistencyLevel asked, RequestMessage request, CallKind kind, TimeSpan timeout, CancellationToken cancellationToken) =>
        TakeCall().Run(new(request, kind, timeout, cancellationToken), client, asked);

    /// <summary>A call is over, and its end was taken: it can be used for another one.</summary>
    public void GiveBack(Call call)
    {
        lock (_gate)
        {
            if (_spare.Count < options.MaxInFlight)
                _spare.Push(call);
        }
    }

    /// <summary>Takes a place for a call. False: all are taken.</summary>
    public bool TryEnter()
    {
        if (!_places.Wait(0, CancellationToken.None))
            return false;
        Budget.Earn();
        return true;
    }

    /// <summary>Waits for a place. False: there was none in time.</summary>
    public async ValueTask<bool> EnterAsync(CallTerms terms)
    {
        using var limit = new CancellationTokenSource(terms.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, terms.Cancellation, _stop.Token);
        var place = _places.WaitAsync(either.Token);
        await place.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (place.IsCompletedSuccessfully)
            Budget.Earn();
        return place.IsCompletedSuccessfully;
    }

    /// <summary>Gives the place back.</summary>
    public void Leave() => _places.Release();

    /// <summary>How a call ends that got no place.</summary>
    public CallEnd NoPlace(in CallTerms terms) => new(NeverSent(GaveUp(ClientRefusal.TimedOut, terms.Cancellation)), 0);

    /// <summary>Who is asked, of those that were not tried; null while nobody can be.</summary>
    public NodeLink? Choose(in CallTerms terms, uint tried = 0) => terms.Kind.IsNear() ? nodes.Nearest(LevelOf(terms), tried) : nodes.Leader;

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan Patience(CallKind kind, TimeSpan left) => kind is CallKind.Write or CallKind.NearWrite || left < options.AttemptTimeout ? left : options.AttemptTimeout;

    /// <summary>How a call ends with an answer that is for the caller.</summary>
    public CallEnd End(NodeLink link, in AnswerMessage answer, CallKind kind, bool isUncertain, int attempts)
    {
        if (answer.Outcome == ClientOutcome.Accepted)
            nodes.Home = link;
        return new(Finish(answer, kind, isUncertain), attempts);
    }

    /// <summary>The client ends: so do the calls that wait for a node.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>The connections are gone: waits until every call has its answer. Further calls throw.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var place = 0; place < options.MaxInFlight; place++)
            await _places.WaitAsync().ConfigureAwait(false);
        _places.Dispose();
        _stop.Dispose();
    }

    /// <summary>What happens when the first attempt did not do, or could not be made: rare, so it may allocate.</summary>
    public async ValueTask<CallEnd> RepeatAsync(CallTerms terms, long start, (NodeLink Link, AnswerMessage Answer)? first)
    {
        var (request, kind, timeout, cancellationToken) = terms;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        var backoff = new Backoff(nodes.NextSeed());
        var call = new Attempts { Level = LevelOf(terms), Last = NeverSent(ClientRefusal.NoNode) };
        if (first is { } made)
            await AfterAsync(made.Link, made.Answer, kind, call, backoff, Left(), either.Token).ConfigureAwait(false);
        while (true)
        {
            var changed = nodes.Changed.Next;
            if (either.IsCancellationRequested || Left() <= TimeSpan.Zero)
                return new(Finish(GivenUp(call, cancellationToken), kind, call.IsUncertain), call.Count);
            if (Choose(terms, call.Tried) is not { Connection: { } connection } link)
            {
                // Those that refused may be asked again, if they are all that is left.
                if (call.Tried == 0)
                    await Pulse.WaitAsync(changed, Left(), _time, either.Token).ConfigureAwait(false);
                call.Tried = 0;
                continue;
            }

            if (call.Count > 0 && !Budget.TryTake())
                return new(Finish(call.Last with { Outcome = ClientOutcome.Rejected, Refusal = ClientRefusal.RetryBudgetExhausted, Problem = ClientSentences.Of(ClientRefusal.RetryBudgetExhausted) }, kind, call.IsUncertain), call.Count);
            var answer = await connection.SendAsync(request, Patience(kind, Left()), cancellationToken).ConfigureAwait(false);
            if (Verdicts.Of(answer, kind) == Verdict.Final)
                return End(link, answer, kind, call.IsUncertain, call.Count + 1);
            await AfterAsync(link, answer, kind, call, backoff, Left(), either.Token).ConfigureAwait(false);
        }

        TimeSpan Left() => timeout - _time.GetElapsedTime(start);
    }

    /// <summary>Learns from an attempt that did not do, and pauses unless another node can be asked at once.</summary>
    private async ValueTask AfterAsync(NodeLink link, AnswerMessage answer, CallKind kind, Attempts call, Backoff backoff, TimeSpan left, CancellationToken cancellationToken)
    {
        call.Count++;
        call.Last = answer;
        call.IsUncertain |= answer.Outcome == ClientOutcome.Unknown && (kind is CallKind.RepeatableWrite or CallKind.NearRepeatableWrite);
        var changed = nodes.Changed.Next;
        if (Verdicts.Of(answer, kind) == Verdict.OtherNode && IsAnotherThere(link, answer, kind, call))
            return;
        var pause = backoff.Next();
        pause = pause < left ? pause : left;
        if (kind.IsNear())
            await Pulse.PauseAsync(pause, _time, cancellationToken).ConfigureAwait(false);
        else
            await Pulse.WaitAsync(changed, pause, _time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether another node can be asked at once: one that is not tried yet, or the leader that the node named, if it is the first hint that the call follows.</summary>
    private bool IsAnotherThere(NodeLink link, in AnswerMessage answer, CallKind kind, Attempts call)
    {
        if (kind.IsNear())
        {
            link.Shun(call.Level);
            call.Tried |= nodes.MaskOf(link);
            if (nodes.Nearest(call.Level, call.Tried) is not null)
                return true;
            call.Tried = 0;
            return false;
        }

        nodes.Doubt(link);
        if (answer.Refusal != ClientRefusal.NotLeader || nodes.Suppose(link, answer.Leader, answer.LeaderAddress) is null)
            return false;

        // Two nodes may each take the other for the leader for a moment: the second hint is followed after a pause.
        return call.Hints++ == 0;
    }

    private static ConsistencyLevel LevelOf(in CallTerms terms) => terms.Kind switch
    {
        CallKind.NearWrite => ConsistencyLevel.Available,
        CallKind.NearRepeatableWrite => NodeLink.Ingesting,
        _ => terms.Request.Level.Kind,
    };

    private Call TakeCall()
    {
        lock (_gate)
        {
            if (_spare.TryPop(out var call))
                return call;
        }

        return new(this);
    }

    /// <summary>The answer as the caller gets it.</summary>
    private static AnswerMessage Finish(in AnswerMessage answer, CallKind kind, bool isUncertain)
    {
        if (answer.Outcome == ClientOutcome.Rejected && isUncertain)
            return answer with { Outcome = ClientOutcome.Unknown };

        // A read that nobody answered is no read in doubt.
        return answer.Outcome == ClientOutcome.Unknown && kind is CallKind.NearRead or CallKind.LeaderRead ? answer with { Outcome = ClientOutcome.Rejected } : answer;
    }

    /// <summary>The time is over, or the caller or the client gave up: the last refusal says more than that, if there is one.</summary>
    private AnswerMessage GivenUp(Attempts call, CancellationToken cancellationToken)
    {
        if (call.Count > 0 && !cancellationToken.IsCancellationRequested && !_stop.IsCancellationRequested)
            return call.Last;
        return NeverSent(GaveUp(ClientRefusal.NoNode, cancellationToken));
    }

    private ClientRefusal GaveUp(ClientRefusal otherwise, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? ClientRefusal.Cancelled : _stop.IsCancellationRequested ? ClientRefusal.Disposed : otherwise;

    private static AnswerMessage NeverSent(ClientRefusal refusal) => AnswerMessage.Refused(0, ClientOutcome.Rejected, refusal, ClientSentences.Of(refusal));

    /// <summary>What a call that does not succeed at once remembers.</summary>
    private sealed class Attempts
    {
        public int Count { get; set; }

        public int Hints { get; set; }

        public uint Tried { get; set; }

        public bool IsUncertain { get; set; }

        public ConsistencyLevel Level { get; init; }

        public AnswerMessage Last { get; set; }
    }
}
