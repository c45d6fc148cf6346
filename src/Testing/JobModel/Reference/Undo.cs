namespace RaftStream.Testing;

/// <summary>How to take back what was done since a mark. Owned by one reference.</summary>
internal sealed class Undo
{
    private readonly List<Action> _actions = [];

    public int Mark => _actions.Count;

    public void Add(Action undo) => _actions.Add(undo);

    public void RollbackTo(int mark)
    {
        for (var last = _actions.Count - 1; last >= mark; last--)
            _actions[last]();
        _actions.RemoveRange(mark, _actions.Count - mark);
    }

    public void Forget() => _actions.Clear();
}

/// <summary>A dictionary whose changes can be taken back.</summary>
internal sealed class UndoMap<TKey, TValue>(Undo undo)
    where TKey : notnull
{
    private readonly Dictionary<TKey, TValue> _items = [];

    public IReadOnlyDictionary<TKey, TValue> Items => _items;

    public TValue? Get(TKey key) => _items.GetValueOrDefault(key);

    public bool Has(TKey key) => _items.ContainsKey(key);

    public void Set(TKey key, TValue value)
    {
        if (_items.TryGetValue(key, out var before))
            undo.Add(() => _items[key] = before);
        else
            undo.Add(() => _items.Remove(key));
        _items[key] = value;
    }

    public void Remove(TKey key)
    {
        if (_items.Remove(key, out var before))
            undo.Add(() => _items[key] = before);
    }
}

/// <summary>A list that grows, and whose growth can be taken back.</summary>
internal sealed class UndoList<T>(Undo undo)
{
    private readonly List<T> _items = [];

    public IReadOnlyList<T> Items => _items;

    public void Add(T item)
    {
        _items.Add(item);
        undo.Add(() => _items.RemoveAt(_items.Count - 1));
    }

    /// <summary>Puts an item in front of others, for good.</summary>
    public void Insert(int place, T item) => _items.Insert(place, item);
}

/// <summary>A sorted set whose changes can be taken back.</summary>
internal sealed class UndoSet<T>(Undo undo)
{
    private readonly SortedSet<T> _items = [];

    public IReadOnlyCollection<T> Items => _items;

    public T? Min => _items.Min;

    public void Add(T item)
    {
        if (_items.Add(item))
            undo.Add(() => _items.Remove(item));
    }

    public void Remove(T item)
    {
        if (_items.Remove(item))
            undo.Add(() => _items.Add(item));
    }
}
