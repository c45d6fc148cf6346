using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;

namespace RaftStream.Client.Routing;

/// <summary>What a call is: the request, who serves it, and how long it may take.</summary>
internal readonly record struct CallTerms(RequestMessage Request, CallKind Kind, TimeSpan Timeout, CancellationToken Cancellation);

/// <summary>
/// A call on its way, from its first attempt to its end. Owned by its <see cref="CallRunner"/>, which makes it once and uses it again for the next one: whoever awaits it gives it
/// back by taking the end.
/// </summary>
/// <remarks>
/// It is what the runtime would make of an async method, but for one thing: there are as many to use again as there were calls under way, not one for each thread. One step
/// follows the other, so no two threads are in here at a time. What happens when the first attempt does not do is rare, and is an async method.
/// </remarks>
internal sealed class Call : IValueTaskSource<CallEnd>, IValueTaskSource<CounterResult>
{
    private readonly CallRunner _runner;
    private readonly Action _answered;
    private ManualResetValueTaskSourceCore<CallEnd> _source;
    private ConfiguredValueTaskAwaitable<AnswerMessage>.ConfiguredValueTaskAwaiter _answer;
    private CallTerms _terms;
    private long _start;
    private NodeLink? _link;
    private RaftStreamClient? _client;
    private ConsistencyLevel _asked;

    public Call(CallRunner runner) => (_runner, _answered) = (runner, Answered);

    /// <summary>Begins a call; its task is for one to await, once.</summary>
    public ValueTask<CallEnd> Run(in CallTerms terms)
    {
        var version = _source.Version;
        Begin(terms);
        return new(this, version);
    }

    /// <summary>The same for a call about one counter, whose end the client tells as it tells such answers.</summary>
    public ValueTask<CounterResult> Run(in CallTerms terms, RaftStreamClient client, ConsistencyLevel asked)
    {
        var version = _source.Version;
        (_client, _asked) = (client, asked);
        Begin(terms);
        return new(this, version);
    }

    /// <inheritdoc/>
    CallEnd IValueTaskSource<CallEnd>.GetResult(short token) => Take(token);

    /// <inheritdoc/>
    CounterResult IValueTaskSource<CounterResult>.GetResult(short token)
    {
        var (client, asked) = (_client!, _asked);
        return client.Counter(Take(token), asked);
    }

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private CallEnd Take(short token)
    {
        var end = _source.GetResult(token);
        (_terms, _link, _client, _answer) = (default, null, null, default);
        _source.Reset();
        _runner.GiveBack(this);
        return end;
    }

    private void Begin(in CallTerms terms)
    {
        (_terms, _start) = (terms, _runner.Now);
        if (_runner.TryEnter())
            Attempt();
        else
            _ = EnterAsync();
    }

    private void Attempt()
    {
        if (_runner.Choose(_terms) is { Connection: { } connection } link)
        {
            _link = link;
            Await(connection.SendAsync(_terms.Request, _runner.Patience(_terms.Kind, _terms.Timeout), _terms.Cancellation));
        }
        else
        {
            _ = GoOnAsync(first: null);
        }
    }

    private void Await(in ValueTask<AnswerMessage> answer)
    {
        _answer = answer.ConfigureAwait(false).GetAwaiter();
        if (_answer.IsCompleted)
            Answered();
        else
            _answer.UnsafeOnCompleted(_answered);
    }

    private void Answered()
    {
        var (link, answer) = (_link!, _answer.GetResult());
        if (Verdicts.Of(answer, _terms.Kind) == Verdict.Final)
            Finish(_runner.End(link, answer, _terms.Kind, isUncertain: false, attempts: 1));
        else
            _ = GoOnAsync((link, answer));
    }

    private void Finish(in CallEnd end)
    {
        _runner.Leave();
        _source.SetResult(end);
    }

    /// <summary>All places are taken: waits for one.</summary>
    private async Task EnterAsync()
    {
        if (await _runner.EnterAsync(_terms).ConfigureAwait(false))
            await GoOnAsync(first: null).ConfigureAwait(false);
        else
            _source.SetResult(_runner.NoPlace(_terms));
    }

    /// <summary>The first attempt did not do, or could not be made. A fault of this program's own goes to whoever awaits the call.</summary>
    private async Task GoOnAsync((NodeLink Link, AnswerMessage Answer)? first)
    {
        CallEnd end;
        try
        {
            end = await _runner.RepeatAsync(_terms, _start, first).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            _runner.Leave();
            _source.SetException(fault);
            return;
        }

        Finish(end);
    }
}
