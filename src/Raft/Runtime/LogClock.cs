namespace RaftStream.Raft.Runtime;

/// <summary>
/// Log time: what a state machine sees instead of a clock. Nanoseconds that only ever grow along the log.
/// </summary>
/// <remarks>
/// [safety] No wall clock enters. A leader goes on from the time of its log's last entry, plus its own monotonic time elapsed since
/// it applied the entry that opened its term. Counter-example with wall clocks: one leader an hour ahead would end every
/// session and window at once, and its successor's time would stand still for an hour.
/// </remarks>
internal sealed class LogClock
{
    private Instant? _opened;
    private long _openedTime;

    /// <summary>The time of the newest entry seen.</summary>
    public long Latest { get; private set; }

    /// <summary>An entry of this time was appended, recovered or installed.</summary>
    public void Saw(long time) => Latest = Math.Max(Latest, time);

    /// <summary>A term of leadership begins: time stands still until its opening entry is applied.</summary>
    public void Stop() => _opened = null;

    /// <summary>The opening entry was applied at <paramref name="now"/>: time goes on.</summary>
    public void Run(Instant now) => (_opened, _openedTime) = (now, Latest);

    /// <summary>The time for an entry proposed at <paramref name="now"/>.</summary>
    public long Stamp(Instant now)
    {
        if (_opened is { } opened)
            Saw(_openedTime + Math.Max(0, now.Nanoseconds - opened.Nanoseconds));
        return Latest;
    }
}
