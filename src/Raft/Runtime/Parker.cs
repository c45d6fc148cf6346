namespace RaftStream.Raft.Runtime;

/// <summary>
/// Lets one consumer sleep until one of its queues has something, or until a deadline. Owned by the consumer's thread, which alone
/// calls <see cref="Park"/>, and given to each of its queues, whose producers call <see cref="Unpark"/>.
/// </summary>
/// <remarks>
/// It holds one permit, so that no wake-up is lost. A producer publishes its item and then leaves a permit; the consumer finds its
/// queues empty and then parks, which takes a permit left since its last park and returns at once. Whichever way "queue found
/// empty" and "item published" interleave, the permit comes after the item, so the consumer looks again after the item is there.
/// The price is that a park may return early once with nothing to do: the caller loops anyway.
/// A simulator polls its agents itself and never parks; <see cref="Unpark"/> is then one atomic exchange without effect.
/// </remarks>
internal sealed class Parker
{
    private const int Awake = 0;
    private const int Permit = 1;
    private const int Parked = 2;

    /// <summary>The longest single sleep: a bound on how long a mistaken deadline could hold the consumer.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly object _gate = new();
    private int _state;

    /// <summary>Whether the consumer sleeps at this moment: for status displays only, since it may change at once.</summary>
    public bool IsParked => Volatile.Read(ref _state) == Parked;

    /// <summary>
    /// Sleeps until <see cref="Unpark"/> or for <paramref name="max"/>, whichever comes first. Zero or less returns at once.
    /// Rounded up to whole milliseconds: rounded down, a deadline 0.3 ms away would turn the caller's loop into a busy spin.
    /// </summary>
    public void Park(TimeSpan max)
    {
        if (max <= TimeSpan.Zero)
        {
            Interlocked.Exchange(ref _state, Awake);
            return;
        }

        if (Interlocked.CompareExchange(ref _state, Parked, Awake) == Awake)
        {
            var milliseconds = (int)Math.Ceiling((max < Longest ? max : Longest).TotalMilliseconds);
            lock (_gate)
            {
                // A producer changes the state before it takes the gate to pulse: either we see the change here and do not
                // wait, or we wait already when it pulses.
                if (Volatile.Read(ref _state) == Parked)
                    Monitor.Wait(_gate, milliseconds);
            }
        }

        Interlocked.Exchange(ref _state, Awake);
    }

    /// <summary>
    /// Wakes the consumer, or makes its next park return at once. A system call only if it sleeps. From any thread; call it after
    /// the item is published.
    /// </summary>
    public void Unpark()
    {
        // The fence keeps this read behind the item's publication. A permit seen here has not been taken yet, so the consumer will
        // take it later and then look at the queue, where the item already is.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _state) == Permit || Interlocked.Exchange(ref _state, Permit) != Parked)
            return;
        lock (_gate)
            Monitor.Pulse(_gate);
    }
}
