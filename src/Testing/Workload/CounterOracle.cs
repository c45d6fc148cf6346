namespace RaftStream.Testing;

/// <summary>
/// What reads of one counter may say, when all that anybody does to it is adding positive amounts: at least what was acknowledged
/// and read before the read began, at most what anybody may have added.
/// </summary>
internal sealed class CounterOracle
{
    private long _acknowledged;
    private long _possible;
    private long _largestRead;

    /// <summary>An add is sent.</summary>
    public void Invoke(long delta) => _possible += delta;

    /// <summary>An add was answered.</summary>
    public void Complete(long delta, Outcome outcome)
    {
        if (outcome == Outcome.Applied)
            _acknowledged += delta;
        else if (outcome == Outcome.Rejected)
            _possible -= delta;
    }

    /// <summary>What a read that begins now must at least see.</summary>
    public long Floor => Math.Max(_acknowledged, _largestRead);

    /// <summary>A linearizable read that began at <paramref name="floor"/> ended with a value.</summary>
    public void Read(string key, long floor, long value)
    {
        ViolationException.Require(value >= floor, "Linearizable", $"A read of {key} sees {value} after {floor} was acknowledged or read.");
        ViolationException.Require(value <= _possible, "Linearizable", $"A read of {key} sees {value} where {_possible} is the most that was added.");
        _largestRead = Math.Max(_largestRead, value);
    }
}
