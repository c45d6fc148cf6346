namespace RaftStream.Testing;

/// <summary>
/// A monotonic clock that runs fast or slow and jumps ahead. It never goes back, and a change of its rate alone never makes it leap. Safe to use from
/// any thread.
/// </summary>
internal sealed class FaultyClock : IClock
{
    private const long NanosecondsPerMillisecond = 1_000_000;

    // Under a lock as a whole: a reading taken of the true clock under the old rate and reckoned under the new one could lie before its predecessor.
    private readonly Lock _gate = new();
    private readonly IClock _true;
    private long _trueStart;
    private long _start;
    private double _rate = 1;
    private long _jumpMs;

    /// <summary>Begins in step with a true clock.</summary>
    public FaultyClock(IClock trueClock)
    {
        _true = trueClock;
        _start = _trueStart = trueClock.Now.Nanoseconds;
    }

    /// <inheritdoc/>
    public Instant Now
    {
        get
        {
            lock (_gate)
                return new(Reckon(_true.Now.Nanoseconds));
        }
    }

    /// <summary>The rate in force: 1 is true.</summary>
    public double Rate
    {
        get
        {
            lock (_gate)
                return _rate;
        }
    }

    /// <summary>Milliseconds that it has jumped ahead so far, all jumps together.</summary>
    public long JumpMs
    {
        get
        {
            lock (_gate)
                return _jumpMs;
        }
    }

    /// <summary>Sets the rate from now on, above 0, and how far the clock has jumped ahead so far; what is less than before is no jump.</summary>
    public void Set(double rate, long jumpMs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(rate, 0);
        lock (_gate)
        {
            var now = _true.Now.Nanoseconds;
            var jump = Math.Max(0, jumpMs - _jumpMs);
            _start = Reckon(now) + (jump * NanosecondsPerMillisecond);
            _trueStart = now;
            _rate = rate;
            _jumpMs += jump;
        }
    }

    private long Reckon(long now) => _start + (long)((now - _trueStart) * _rate);
}
