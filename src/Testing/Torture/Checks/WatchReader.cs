namespace RaftStream.Testing;

/// <summary>Reads what one watcher was told, event by event, and knows at each what must come next. Used once.</summary>
/// <param name="name">The watcher, for sentences.</param>
/// <param name="changes">What is known to have changed.</param>
internal sealed class WatchReader(string name, WatchedChanges changes)
{
    private readonly List<(long Index, Dictionary<string, long> Rows)> _resets = [];
    private readonly List<(string Key, long? Before)> _sinceId = [];
    private Dictionary<string, long> _values = new(StringComparer.Ordinal);
    private long _last;
    private bool _isListing;
    private bool _mustReset = true;

    /// <summary>Everything up to here was told, or is in the rows.</summary>
    public long Place { get; private set; }

    /// <summary>Reads all.</summary>
    /// <exception cref="WatchProblemException">Something is wrong.</exception>
    public void Read(IReadOnlyList<WatchStretch> stretches)
    {
        foreach (var stretch in stretches)
        {
            GoOn(stretch.From);
            foreach (var heard in stretch.Heard)
                Take(heard.Told);
        }
    }

    /// <summary>Holds the rows of each reset against the state at its end; adds of unknown outcome that nobody was told of may be in them.</summary>
    /// <exception cref="WatchProblemException">They are something else.</exception>
    public void CheckRows()
    {
        foreach (var (index, rows) in _resets)
        {
            var state = changes.StateAt(index);
            foreach (var key in state.Keys.Union(rows.Keys, StringComparer.Ordinal))
            {
                var known = state.GetValueOrDefault(key);
                if (!rows.TryGetValue(key, out var row))
                    throw new WatchProblemException($"{name} was told all rows at {index}, without {key}, which was {known} there.");
                if (!changes.MayAdd(key, row - known))
                    throw new WatchProblemException($"{name} was told a row at {index} that says {key} is {row}; it was {known} there.");
            }
        }
    }

    // What came after the last id will be told again.
    private void GoOn(long? from)
    {
        (_isListing, _mustReset) = (false, from is null);
        if (from is not { } place)
            return;
        for (var change = _sinceId.Count - 1; change >= 0; change--)
        {
            if (_sinceId[change].Before is { } before)
                _values[_sinceId[change].Key] = before;
            else
                _values.Remove(_sinceId[change].Key);
        }

        _sinceId.Clear();
        (Place, _last) = (place, place);
    }

    private void Take(WatchTold told)
    {
        if (told.Kind == WatchToldKind.Reset)
        {
            if (told.Resume is { } early)
                throw new WatchProblemException($"{name} was told of a reset behind which it may go on at {early}.");
            (_isListing, _mustReset, _last, _values) = (true, false, 0, new(StringComparer.Ordinal));
            return;
        }

        if (_mustReset)
            throw new WatchProblemException($"{name} began anew and was told of {told.Kind} {told.Key} at {told.Index} without a reset.");
        if (told.Index < _last)
            throw new WatchProblemException($"{name} was told of {told.Kind} {told.Key} at {told.Index}, after {_last}.");
        if (_isListing)
            TakeAmongRows(told);
        else if (told.Kind == WatchToldKind.Row)
            throw new WatchProblemException($"{name} was told a row of {told.Key} at {told.Index}, where none is due.");
        else
            TakeChange(told);
        _last = told.Index;
        if (told.Id is null)
            return;
        _sinceId.Clear();
        if (_isListing && told.Resume is not null)
            throw new WatchProblemException($"{name} may go on behind {told.Resume}, in the middle of its rows.");
        if (told.Resume > Place && changes.FirstBetween(Place, told.Resume.Value) is { } left)
            throw new WatchProblemException($"{name} may go on behind {told.Resume} and was not told that {left.Key} became {left.Value} at {left.Index}, by {left.Source}.");
    }

    private void TakeAmongRows(WatchTold told)
    {
        if (told.Kind == WatchToldKind.Progress)
        {
            _resets.Add((told.Index, new(_values, StringComparer.Ordinal)));
            (_isListing, Place) = (false, told.Index);
        }
        else if (told.Kind == WatchToldKind.Row && !_values.TryAdd(told.Key, told.Value ?? 0))
        {
            throw new WatchProblemException($"{name} was told two rows of {told.Key}.");
        }
        else if (told.Kind == WatchToldKind.Change)
        {
            _values[told.Key] = told.Value!.Value;
        }
    }

    private void TakeChange(WatchTold told)
    {
        var isChange = told.Kind == WatchToldKind.Change;
        if (isChange && told.Index <= Place)
            throw new WatchProblemException($"{name} was told again that {told.Key} became {told.Value} at {told.Index}.");
        if (changes.FirstBetween(Place, isChange ? told.Index - 1 : told.Index) is { } missing)
            throw new WatchProblemException($"{name} was told of {(isChange ? $"{told.Key} at" : "all up to")} {told.Index}, and not that {missing.Key} became {missing.Value} at {missing.Index}, by {missing.Source}.");
        if (isChange)
        {
            changes.Explain(name, told, _values.GetValueOrDefault(told.Key));
            _sinceId.Add((told.Key, _values.TryGetValue(told.Key, out var before) ? before : null));
            _values[told.Key] = told.Value!.Value;
        }

        Place = told.Index;
    }
}
