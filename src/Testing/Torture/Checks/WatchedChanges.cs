using System.Globalization;
using RaftStream.Testing.Linearizability;

namespace RaftStream.Testing;

/// <summary>A change that is known: from the write that was answered there, or from whoever was told of it.</summary>
/// <param name="Index">Its place in the log.</param>
/// <param name="Key">Of which key.</param>
/// <param name="Value">What it became.</param>
/// <param name="Source">How it is known.</param>
internal sealed record KnownChange(long Index, string Key, long Value, string Source);

/// <summary>
/// Everything that is known to have changed, by place. Every write of this workload is an add to one key, so a place holds one change; amounts are not repeated on a key, so a difference names its add.
/// </summary>
internal sealed class WatchedChanges
{
    private readonly SortedList<long, KnownChange> _known;
    private readonly Dictionary<long, RunOperation> _answered = [];
    private readonly Dictionary<(string Key, long Amount), RunOperation> _adds = [];
    private readonly Dictionary<RunOperation, long> _placed = new(ReferenceEqualityComparer.Instance);

    /// <summary>Begins with what was acknowledged.</summary>
    /// <param name="adds">All adds, whatever became of them.</param>
    public WatchedChanges(IEnumerable<RunOperation> adds)
    {
        var known = new Dictionary<long, KnownChange>();
        foreach (var add in adds)
        {
            _adds[(add.Call.Key, add.Call.Argument.Number)] = add;
            if (add.Answer is not { Kind: AnswerKind.Ok, Index: > 0, Result: { } value })
                continue;
            _answered[add.Answer.Index] = add;
            known[add.Answer.Index] = new(add.Answer.Index, add.Call.Key, value.Number, $"the answer to {RunHistories.Tell(add)}");
        }

        _known = new(known);
    }

    /// <summary>Takes up what watchers were told, and holds it against what is known already.</summary>
    public void Hear(WatchAccount account)
    {
        // A list that stays sorted as it grows: sorted once, by far most come behind the last.
        var told = account.Watchers.SelectMany(static (stretches, place) => stretches.SelectMany(static stretch => stretch.Heard).Where(static heard => heard.Told.Kind == WatchToldKind.Change).Select(heard => (heard.Told, Watcher: place + 1)));
        foreach (var (change, watcher) in told.OrderBy(static one => one.Told.Index))
        {
            if (change.Value is not { } value)
                throw new WatchProblemException($"Watcher {watcher} was told at {change.Index} that {change.Key} is gone, which nobody asked for.");
            if (!_known.TryGetValue(change.Index, out var known))
                _known.Add(change.Index, new(change.Index, change.Key, value, string.Create(CultureInfo.InvariantCulture, $"what watcher {watcher} was told")));
            else if (known.Key != change.Key || known.Value != value)
                throw new WatchProblemException($"Watcher {watcher} was told at {change.Index} that {change.Key} became {value}; by {known.Source} {known.Key} became {known.Value} there.");
        }
    }

    /// <summary>The first change behind a place, and at or before another; null if none is known.</summary>
    public KnownChange? FirstBetween(long behind, long last)
    {
        var place = FirstBehind(behind);
        return place < _known.Count && _known.GetKeyAtIndex(place) <= last ? _known.GetValueAtIndex(place) : null;
    }

    /// <summary>What every key was at a place, as far as it is known.</summary>
    public Dictionary<string, long> StateAt(long index)
    {
        var state = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var place = 0; place < _known.Count && _known.GetKeyAtIndex(place) <= index; place++)
            state[_known.GetValueAtIndex(place).Key] = _known.GetValueAtIndex(place).Value;
        return state;
    }

    /// <summary>Holds a change against the one that the same watcher was told before: between them lies exactly one write, and each write lies at one place.</summary>
    public void Explain(string watcher, WatchTold change, long before)
    {
        var amount = change.Value!.Value - before;
        if (!_adds.TryGetValue((change.Key, amount), out var add))
            throw new WatchProblemException($"{watcher} was told at {change.Index} that {change.Key} became {change.Value}, after {before}: no write adds {amount} to it.");
        if (add.Answer.Kind == AnswerKind.Failed)
            throw new WatchProblemException($"{watcher} was told at {change.Index} of a write that was refused: {RunHistories.Tell(add)}.");
        if (_answered.TryGetValue(change.Index, out var answered) ? answered != add : add.Answer is { Kind: AnswerKind.Ok, Index: > 0 })
            throw new WatchProblemException($"{watcher} was told at {change.Index} of {RunHistories.Tell(add)}, which was answered with the place {add.Answer.Index}.");
        if (!_placed.TryAdd(add, change.Index) && _placed[add] != change.Index)
            throw new WatchProblemException($"{watcher} was told at {change.Index} of a write that stands at {_placed[add]}: {RunHistories.Tell(add)}.");
    }

    /// <summary>Whether adds of unknown outcome, none of which is known to stand anywhere, may come to this much on a key.</summary>
    public bool MayAdd(string key, long amount)
    {
        var open = _adds.Where(add => add.Key.Key == key && add.Value.Answer.Kind == AnswerKind.Unknown && !_placed.ContainsKey(add.Value)).Select(static add => add.Key.Amount).ToArray();
        return amount == 0 || (amount > 0 && new SubsetSums().MayReach(amount, open));
    }

    private int FirstBehind(long index)
    {
        var (low, high) = (0, _known.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_known.GetKeyAtIndex(middle) > index)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
