namespace RaftStream.Hosting;

/// <summary>
/// The counting store of the cluster that this program's replica belongs to. Any node may be asked for anything: a write goes to the leader, whichever node that is. Keys take 1 to
/// 4,096 bytes of UTF-8. Safe to call from any thread.
/// </summary>
/// <remarks>
/// Each answer tells its outcome, and never another one than is certain: a write that is not answered in time is <see cref="Outcome.Unknown"/>, and is not repeated. A write, and a read of
/// the level <see cref="ReadConsistency.Lease"/>, which is the leader's as well, waits for a leader's answer for five seconds at most, and less if it is cancelled before. Cancelling a write
/// does not undo it. No call throws because it is cancelled: it is answered.
/// </remarks>
public interface ICountingStore
{
    /// <summary>Adds to a counter, which starts at 0.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    ValueTask<CounterAnswer> AddAsync(string key, long delta = 1, WriteConcern concern = WriteConcern.Quorum, CancellationToken cancellationToken = default);

    /// <summary>Raises a counter, which starts at 0, to <paramref name="value"/> where it is below it.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    ValueTask<CounterAnswer> MaxAsync(string key, long value, WriteConcern concern = WriteConcern.Quorum, CancellationToken cancellationToken = default);

    /// <summary>Sets a counter to <paramref name="value"/> if it is <paramref name="expected"/>; null: if it does not exist. <see cref="CounterAnswer.Matched"/> tells.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    ValueTask<CounterAnswer> CompareAndSetAsync(string key, long? expected, long value, CancellationToken cancellationToken = default);

    /// <summary>Deletes a counter; the answer tells what it last was.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    ValueTask<CounterAnswer> DeleteAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Reads a counter.</summary>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    ValueTask<CounterAnswer> GetAsync(string key, ReadConsistency consistency = default, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reads up to 1,000 counters at one place of the log. With <see cref="ReadConsistency.Lease"/> their names, percent-encoded, may take 13 KiB in all where another node leads: beyond that
    /// <see cref="Refusal.TooLarge"/>.
    /// </summary>
    /// <exception cref="ArgumentException">There are none or more, or one is no key.</exception>
    ValueTask<ValuesAnswer> GetManyAsync(IReadOnlyCollection<string> keys, ReadConsistency consistency = default, CancellationToken cancellationToken = default);

    /// <summary>Reads the <paramref name="limit"/> largest counters; 1 to 10,000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of range.</exception>
    ValueTask<TopAnswer> TopAsync(int limit, ReadConsistency consistency = default, CancellationToken cancellationToken = default);

    /// <summary>Sums the counters whose keys are whole numbers from <paramref name="from"/> to <paramref name="to"/>, both included.</summary>
    ValueTask<RangeSumAnswer> RangeSumAsync(long from, long to, ReadConsistency consistency = default, CancellationToken cancellationToken = default);

    /// <summary>Tells the changes of counters as this program's replica applies them, each once and in the order of the log; <see cref="CountingService.WatchAsync"/> has the details.</summary>
    /// <exception cref="WatchEndedException">The node stops or has too many watches; thrown where the events are enumerated.</exception>
    IAsyncEnumerable<WatchEvent> WatchAsync(WatchFilter filter, LogIndex? from = null, CancellationToken cancellationToken = default);

    /// <summary>What became of a provisional write (<see cref="WriteConcern.Leader"/>): applied or lost; any other outcome says nothing of it.</summary>
    ValueTask<Answer> ConfirmAsync(LogPosition position, CancellationToken cancellationToken = default);
}
