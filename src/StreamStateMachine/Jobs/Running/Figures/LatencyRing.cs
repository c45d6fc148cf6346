namespace RaftStream.StreamStateMachine;

/// <summary>The newest durations of one kind, with when each was measured. Not safe for several threads.</summary>
internal sealed class LatencyRing
{
    /// <summary>How many are kept.</summary>
    public const int Capacity = 4096;

    private readonly (TimeSpan At, double Milliseconds)[] _ring = new (TimeSpan, double)[Capacity];
    private long _count;

    /// <summary>Takes a duration in.</summary>
    /// <param name="at">When, since the figures began.</param>
    /// <param name="duration">How long it took; what comes out below zero, where a record's time lies ahead of this node's clock, counts as zero.</param>
    public void Add(TimeSpan at, TimeSpan duration) => _ring[_count++ % Capacity] = (at, Math.Max(0, duration.TotalMilliseconds));

    /// <summary>What is known of the durations since an instant; null where there are none.</summary>
    public LatencyFigures? Since(TimeSpan from)
    {
        var kept = new List<double>();
        for (var i = Math.Max(0, _count - Capacity); i < _count; i++)
        {
            if (_ring[i % Capacity].At >= from)
                kept.Add(_ring[i % Capacity].Milliseconds);
        }

        if (kept.Count == 0)
            return null;
        kept.Sort();
        return new(kept.Count, At(kept, 0.5), At(kept, 0.99), kept[^1]);
    }

    /// <summary>The least value that so large a share of all are not above.</summary>
    private static double At(List<double> sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Count) - 1)];
}
