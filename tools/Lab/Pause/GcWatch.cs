namespace RaftStream.Lab.Pause;

/// <summary>Finds the longest pause of the garbage collector, if it is asked more often than that collects.</summary>
internal sealed class GcWatch
{
    private TimeSpan _begin;
    private long _seen;

    /// <summary>The longest pause seen.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>All pauses together.</summary>
    public TimeSpan Total { get; private set; }

    /// <summary>Counts from here.</summary>
    public void Begin()
    {
        _begin = GC.GetTotalPauseDuration();
        _seen = GC.CollectionCount(0);
        Longest = TimeSpan.Zero;
    }

    /// <summary>Looks for collections since the last time.</summary>
    public void Look()
    {
        if (GC.CollectionCount(0) == _seen)
            return;
        _seen = GC.CollectionCount(0);
        var last = GC.GetGCMemoryInfo(GCKind.Any);
        foreach (var pause in last.PauseDurations)
            Longest = pause > Longest ? pause : Longest;
        Total = GC.GetTotalPauseDuration() - _begin;
    }
}
