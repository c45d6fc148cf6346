namespace RaftStream.Testing;

/// <summary>
/// What reads of one counter may say, when all that anybody does to it is adding positive amounts: at least what was acknowledged
/// and read before the read began, at most what anybody may have added.
/// </summary>
internal sealed class CounterOracle(VirtualTime time)
{
    private readonly List<(long At, long Acknowledged)> _history = [(0, 0)];
    private long _acknowledged;
    private long _possible;
    private long _largestRead;

    /// <summary>An add is sent.</summary>
    public void Invoke(long delta) => _possible += delta;

    /// <summary>An add was answered.</summary>
    public void Complete(long delta, Outcome outcome)
    {
        if (outcome == Outcome.Rejected)
            _possible -= delta;
        if (outcome != Outcome.Applied)
            return;
        _acknowledged += delta;
        _history.Add((time.Nanoseconds, _acknowledged));
    }

    /// <summary>What a read that begins now must at least see.</summary>
    public long Floor => Math.Max(_acknowledged, _largestRead);

    /// <summary>What was acknowledged at a true time in the past.</summary>
    public long AcknowledgedAt(long at)
    {
        var place = _history.Count - 1;
        while (place > 0 && _history[place].At > at)
            place--;
        return _history[place].Acknowledged;
    }

    /// <summary>A read that promises less than linearizability ended with a value; <paramref name="floor"/> is what it promises.</summary>
    public void ReadWeakly(string key, string promise, long floor, long value)
    {
        ViolationException.Require(value >= floor, promise, $"A read of {key} sees {value} where at least {floor} was promised.");
        ViolationException.Require(value <= _possible, promise, $"A read of {key} sees {value} where {_possible} is the most that was added.");
    }

    /// <summary>A linearizable read that began at <paramref name="floor"/> ended with a value.</summary>
    public void Read(string key, long floor, long value)
    {
        ViolationException.Require(value >= floor, "Linearizable", $"A read of {key} sees {value} after {floor} was acknowledged or read.");
        ViolationException.Require(value <= _possible, "Linearizable", $"A read of {key} sees {value} where {_possible} is the most that was added.");
        _largestRead = Math.Max(_largestRead, value);
    }
}
