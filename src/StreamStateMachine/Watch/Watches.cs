using System.Runtime.CompilerServices;

namespace RaftStream.StreamStateMachine;

/// <summary>The watches of one node: how many there are, and how often each asks. Safe from any thread.</summary>
/// <remarks>
/// A watch holds nothing in the node between two questions but the place of one waiting read: it asks for what has happened behind an index, as a session's read that waits until the next
/// one is applied. So a slow one costs nothing, and one that is too slow finds that the changes are gone, and gets the rows.
/// </remarks>
internal sealed class Watches(RaftNode node)
{
    /// <summary>A watch that is up to date asks no more often: under load it then gets the changes of so long at a time instead of a page for each of them.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    /// <summary>A watch is told that nothing of its own has happened once in so long at the most.</summary>
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time = TimeProvider.System;
    private int _count;

    /// <summary>Watches until it is cancelled or the node stops.</summary>
    public async IAsyncEnumerable<WatchEvent> RunAsync(Watcher watcher, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!TryEnter())
            throw new WatchEndedException(Refusal.Overloaded);
        try
        {
            var events = new List<WatchEvent>();
            var told = 0L;
            while (true)
            {
                var asked = _time.GetTimestamp();
                await AskAsync(watcher, events, cancellationToken).ConfigureAwait(false);
                if (events.Count == 0 && watcher.IsUpToDate && (told == 0 || _time.GetElapsedTime(told) >= ProgressEvery))
                    events.Add(watcher.Progress);
                foreach (var item in events)
                    yield return item;
                if (events.Count > 0)
                    told = _time.GetTimestamp();
                events.Clear();
                var rest = Pace - _time.GetElapsedTime(asked);
                if (watcher.IsUpToDate && rest > TimeSpan.Zero)
                    await Task.Delay(rest, _time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// The next page of a watch that somebody else keeps, who asks again for each: what happens first, or after <paramref name="wait"/> how far nothing has. It counts as a
    /// watch while it waits, and leaves nothing here.
    /// </summary>
    public async ValueTask<WatchAnswer> PageAsync(Watcher watcher, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (!TryEnter())
            return new(Outcome.Rejected, Refusal.Overloaded, default, [], default);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(wait);
            var (events, position) = (new List<WatchEvent>(), LogPosition.Zero);
            var (isNew, from) = (watcher.IsNew, watcher.Place.Seen.Index);
            while (true)
            {
                var asked = _time.GetTimestamp();
                var answer = await node.ReadAsync(watcher.NextQuery(events), ReadConsistency.Session(watcher.AtLeast), patience.Token).ConfigureAwait(false);
                if (answer.Outcome == Outcome.Applied)
                {
                    position = answer.Position;
                    watcher.Take(position.Index, answer.Reply.Span, events);
                }
                else if (cancellationToken.IsCancellationRequested || !patience.IsCancellationRequested)
                {
                    return new(Outcome.Rejected, answer.Refusal, default, [], default);
                }

                var isOver = patience.IsCancellationRequested;
                if (events.Count == 0 && watcher is { IsUpToDate: true, Resume: not null } && (isNew || (isOver && watcher.Place.Seen.Index > from)))
                    events.Add(watcher.Progress);
                if (events.Count > 0 || isOver)
                    return new(Outcome.Applied, Refusal.None, position, events, watcher.Place);
                var rest = Pace - _time.GetElapsedTime(asked);
                if (watcher.IsUpToDate && rest > TimeSpan.Zero)
                    await Task.Delay(rest, _time, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Begins something that counts as a watch until <see cref="Leave"/>. False: there are as many as a node takes.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _count) <= CountingService.MaxWatches)
            return true;
        Interlocked.Decrement(ref _count);
        return false;
    }

    /// <summary>It is over.</summary>
    public void Leave() => Interlocked.Decrement(ref _count);

    private async ValueTask AskAsync(Watcher watcher, List<WatchEvent> events, CancellationToken cancellationToken)
    {
        var query = watcher.NextQuery(events);
        var answer = await node.ReadAsync(query, ReadConsistency.Session(watcher.AtLeast), cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (answer.Outcome != Outcome.Applied)
            throw new WatchEndedException(answer.Refusal);
        watcher.Take(answer.Position.Index, answer.Reply.Span, events);
    }
}
