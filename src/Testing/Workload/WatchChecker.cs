namespace RaftStream.Testing;

/// <summary>
/// Holds what one watcher was told, through all the nodes at which it watched, against what changed: ordered, each change once, none missing but where a reset says so, the
/// rows of a reset the state at its end, and nothing left behind where it may resume.
/// </summary>
internal sealed class WatchChecker(WatchFilter filter, WatchOracle oracle, LogIndex? from)
{
    private readonly Dictionary<string, long?> _rows = new(StringComparer.Ordinal);
    private int _next = oracle.PlaceBehind(from ?? LogIndex.Zero);
    private LogIndex _last = from ?? LogIndex.Zero;
    private bool _isListing;

    /// <summary>Whether everything that has changed so far was told.</summary>
    public bool IsComplete => !_isListing && Expected() is null;

    /// <summary>The watcher goes on at another place: what it was told of an entry that was not told whole, it will be told again.</summary>
    public void GoesOn(LogIndex? resume)
    {
        if (_isListing || resume is not { } index)
            return;
        var whole = oracle.PlaceBehind(index);
        for (var place = whole; place < _next; place++)
            ViolationException.Require(!oracle.Changes[place].IsIn(filter) || oracle.Changes[place].Index == _last, "WatchResumable", $"A watch that was told of {oracle.Changes[place]}, and of {_last} after it, may resume only behind {index}.");
        (_next, _last) = (whole, index);
    }

    /// <summary>The watcher was told this.</summary>
    public void Told(in WatchEvent told)
    {
        switch (told.Kind)
        {
            case WatchEventKind.Reset:
                ViolationException.Require(told.Resume is null, "WatchResumable", $"A reset says that a watch may resume behind {told.Resume}.");
                (_isListing, _last) = (true, LogIndex.Zero);
                _rows.Clear();
                return;
            case WatchEventKind.Row:
                ViolationException.Require(_isListing && _rows.TryAdd(told.Key, told.Value), "WatchReset", $"The row '{told.Key}' comes at {told.Index}, where none is due.");
                break;
            case WatchEventKind.Progress:
                Progressed(told);
                break;
            case WatchEventKind.Bytes when _isListing && !IsChange(Of(told)):
                ViolationException.Require(_rows.TryAdd(told.Key, null), "WatchReset", $"The row '{told.Key}' of bytes comes at {told.Index}, where none is due.");
                break;
            default:
                if (_isListing)
                    ChangedAmongRows(told);
                else
                    Changed(told);
                break;
        }

        ViolationException.Require(told.Index >= _last, "WatchOrdered", $"After {_last} a watch is told of {told.Kind} '{told.Key}' at {told.Index}.");
        _last = told.Index;
        if (told.Resume is not { } resume)
            return;
        ViolationException.Require(!_isListing, "WatchResumable", $"A watch may resume behind {resume} in the middle of its rows.");
        ViolationException.Require(
            Expected() is not { } left || left.Index > resume, "WatchResumable", $"A watch may resume behind {resume}, and was not told of '{Expected()?.Key}' at {Expected()?.Index}.");
    }

    private void Changed(in WatchEvent told)
    {
        var change = Of(told);
        var expected = Expected();
        if (expected != change)
        {
            for (var place = 0; place < _next; place++)
                ViolationException.Require(oracle.Changes[place] != change, "WatchUnique", $"A watch is told again that '{change.Key}' became {change.Value} at {change.Index}.");
            ViolationException.Require(false, "WatchReliable", $"A watch is told that '{change.Key}' became {change.Value} at {change.Index}; next was {expected}.");
        }

        _next++;
    }

    private void ChangedAmongRows(in WatchEvent told)
    {
        var change = Of(told);
        ViolationException.Require(IsChange(change) && change.IsIn(filter), "WatchReset", $"Among its rows a watch is told that '{change.Key}' became {change.Value} at {change.Index}, which did not happen.");
        if (change.Value is null && !change.HoldsBytes)
            _rows.Remove(change.Key);
        else
            _rows[change.Key] = change.Value;
    }

    /// <summary>Whether this has happened.</summary>
    private bool IsChange(WatchedChange change)
    {
        var place = oracle.PlaceBehind(change.Index) - 1;
        while (place >= 0 && oracle.Changes[place].Index == change.Index && oracle.Changes[place] != change)
            place--;
        return place >= 0 && oracle.Changes[place] == change;
    }

    private void Progressed(in WatchEvent told)
    {
        if (_isListing)
        {
            var state = oracle.StateAt(told.Index, filter);
            foreach (var (key, value) in state)
                ViolationException.Require(_rows.TryGetValue(key, out var row) && row == value, "WatchReset", $"At {told.Index} '{key}' is {value}; the rows of a reset {(_rows.ContainsKey(key) ? "say something else" : "lack it")}.");
            ViolationException.Require(_rows.Count == state.Count, "WatchReset", $"At {told.Index} there are {state.Count} counters; the rows of a reset are {_rows.Count}.");
            (_isListing, _next) = (false, oracle.PlaceBehind(told.Index));
            _rows.Clear();
        }

        ViolationException.Require(Expected() is not { } left || left.Index > told.Index, "WatchReliable", $"A watch is told that it knows everything up to {told.Index}, and was not told of {Expected()}.");
    }

    /// <summary>The next change that is due; passes by those that the watch is not about.</summary>
    private WatchedChange? Expected()
    {
        while (_next < oracle.Changes.Count && !oracle.Changes[_next].IsIn(filter))
            _next++;
        return _next < oracle.Changes.Count ? oracle.Changes[_next] : null;
    }

    private static WatchedChange Of(in WatchEvent told) => new(told.Index, told.Key, told.Kind is WatchEventKind.Deleted or WatchEventKind.Bytes ? null : told.Value, told.Kind == WatchEventKind.Bytes);
}
