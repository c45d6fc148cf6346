namespace RaftStream.Node.Demo;

/// <summary>What was committed at a moment, counted from the start of the stream.</summary>
internal readonly record struct ProgressSample(TimeSpan At, long Offset, long Words);

/// <summary>
/// Watches what is committed, as a client sees it with linearizable reads, and keeps what the report needs: how fast, before and
/// after the failure, and the longest time in which nothing new was committed. One thread at a time.
/// </summary>
internal sealed class ProgressMeter
{
    private ProgressSample? _first;
    private ProgressSample? _last;
    private ProgressSample? _lastBefore;
    private ProgressSample? _firstAfter;
    private bool _killed;

    /// <summary>The longest time without a newly committed byte, from the first commit on.</summary>
    public TimeSpan LongestGap { get; private set; }

    /// <summary>The last progress that was seen.</summary>
    public ProgressSample? Last => _last;

    /// <summary>What was committed last before the leader was killed.</summary>
    public ProgressSample? LastBeforeKill => _lastBefore;

    /// <summary>Words a second from the first commit to the last before the kill; null if that is too short to tell.</summary>
    public double? RateBefore => Rate(_first, _lastBefore);

    /// <summary>Words a second from the first commit after the kill to the end; null if that is too short to tell.</summary>
    public double? RateAfter => Rate(_firstAfter, _last);

    /// <summary>Takes what is committed at a moment; one that is not ahead of the last is no progress.</summary>
    public void Observe(ProgressSample sample)
    {
        if (_last is { } last)
        {
            if (sample.Offset <= last.Offset)
                return;
            if (sample.At - last.At > LongestGap)
                LongestGap = sample.At - last.At;
        }
        else if (sample.Offset == 0)
        {
            return;
        }
        _first ??= sample;
        _last = sample;
        if (_killed)
            _firstAfter ??= sample;
    }

    /// <summary>The leader was killed.</summary>
    public void MarkKill()
    {
        _killed = true;
        _lastBefore = _last;
    }

    private static double? Rate(ProgressSample? from, ProgressSample? to)
    {
        if (from is not { } start || to is not { } end || end.At <= start.At)
            return null;
        return (end.Words - start.Words) / (end.At - start.At).TotalSeconds;
    }
}
