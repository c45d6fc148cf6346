using System.Globalization;

namespace RaftStream.Testing;

/// <summary>A key in use, and what the clients of a workload share about it.</summary>
/// <param name="Name">The key.</param>
/// <param name="State">What they share; it locks itself.</param>
internal sealed record WorkKey<T>(string Name, T State)
{
    /// <summary>Calls that ended.</summary>
    public int Calls { get; set; }

    /// <summary>Those of them whose outcome nobody knows.</summary>
    public int Unknown { get; set; }
}

/// <summary>
/// The keys of one workload. At most ten clients share one, and it is left for a fresh one after some hundred calls, or a few of unknown outcome: the
/// time to check a key can grow exponentially with what is under way at once, and what is unknown is under way for ever.
/// </summary>
/// <param name="workload">Their beginning.</param>
/// <param name="create">Makes what the clients of a key share.</param>
/// <param name="maxCalls">When a key is left.</param>
internal sealed class WorkKeys<T>(string workload, Func<T> create, int maxCalls = 240)
{
    private const int MaxUnknown = 12;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, WorkKey<T>> _current = [];
    private readonly List<string> _names = [];

    /// <summary>All that there were, oldest first; no more than there were calls.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_lock)
                return [.. _names];
        }
    }

    /// <summary>The key that a group of clients uses now.</summary>
    public WorkKey<T> Of(int group)
    {
        lock (_lock)
        {
            if (!_current.TryGetValue(group, out var key))
                _current[group] = key = Next();
            return key;
        }
    }

    /// <summary>Counts a call that ended, and leaves the key when it has had enough.</summary>
    public void Ended(int group, WorkKey<T> key, AnswerKind kind)
    {
        lock (_lock)
        {
            key.Calls++;
            key.Unknown += kind == AnswerKind.Unknown ? 1 : 0;
            if (key.Calls >= maxCalls || key.Unknown >= MaxUnknown)
                Leave(group, key);
        }
    }

    /// <summary>Leaves a key at once.</summary>
    public void Retire(int group, WorkKey<T> key)
    {
        lock (_lock)
            Leave(group, key);
    }

    private void Leave(int group, WorkKey<T> key)
    {
        if (ReferenceEquals(_current.GetValueOrDefault(group), key))
            _current.Remove(group);
    }

    private WorkKey<T> Next()
    {
        _names.Add(string.Create(CultureInfo.InvariantCulture, $"{workload}/{_names.Count + 1}"));
        return new(_names[^1], create());
    }
}
