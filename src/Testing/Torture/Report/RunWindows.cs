using System.Numerics;

namespace RaftStream.Testing;

/// <summary>How many operations ended in each tenth of a second of a run, and how: what rates, availability and the longest gap are read from.</summary>
internal sealed class RunWindows
{
    /// <summary>How long a window is, in milliseconds.</summary>
    public const int WindowMs = 100;

    /// <summary>How many windows a second has.</summary>
    public const int PerSecond = 1_000 / WindowMs;

    private const long WindowNs = WindowMs * 1_000_000L;

    // Ten days: beyond that it is a mistake in the unit.
    private const long MostWindows = 10L * 24 * 3_600 * PerSecond;

    private readonly long _length;
    private readonly int[][] _counts;
    private long _lastOk;

    /// <param name="length">How long clients worked, in nanoseconds.</param>
    public RunWindows(long length)
    {
        if (length < 0 || length / WindowNs > MostWindows)
            throw new ArgumentException($"A run of {length} ns cannot be told: its length is in nanoseconds, from 0 to ten days.", nameof(length));
        _length = length;

        // What is left over at the end is no whole window, and would count as unavailable with nobody to blame.
        Count = (int)Math.Max(1, length / WindowNs);
        _counts = [new int[Count], new int[Count], new int[Count]];
    }

    /// <summary>How many windows there are: at least one.</summary>
    public int Count { get; }

    /// <summary>The longest time without anything answered ok, from and to, in nanoseconds.</summary>
    public (long From, long To) LongestGap { get; private set; }

    /// <summary>Counts an operation. They come in the order of completion; what ends after the clients stopped is not in any window.</summary>
    public void Add(RunOperation operation)
    {
        var completed = operation.Completed;
        if (completed > _length || completed < 0)
            return;
        var window = (int)Math.Min(completed / WindowNs, Count - 1);
        _counts[(int)operation.Answer.Kind][window]++;
        if (operation.Answer.Kind != AnswerKind.Ok)
            return;
        Gap(completed);
        _lastOk = Math.Max(_lastOk, completed);
    }

    /// <summary>To be called after the last operation: the time up to the end may be the longest gap.</summary>
    public void End() => Gap(_length);

    /// <summary>How many ended so in windows from one up to but not including another.</summary>
    public long Sum(AnswerKind kind, int from, int to)
    {
        var sum = 0L;
        foreach (var count in _counts[(int)kind].AsSpan(from, to - from))
            sum += count;
        return sum;
    }

    /// <summary>How many windows from one up to but not including another had something answered ok.</summary>
    public int Served(int from, int to)
    {
        var served = 0;
        foreach (var count in _counts[(int)AnswerKind.Ok].AsSpan(from, to - from))
            served += count > 0 ? 1 : 0;
        return served;
    }

    /// <summary>The share of windows that were served, in all and while no more than a minority of the nodes was under a fault.</summary>
    public AvailabilityResults Availability(int nodes, IReadOnlyList<RunFault> faults)
    {
        var struck = new ulong[Count];
        foreach (var fault in faults)
        {
            var bits = fault.Nodes.Aggregate(0UL, static (bits, node) => bits | (1UL << Math.Clamp(node, 0, 63)));
            for (var window = WindowOf(fault.Began); window <= WindowOf(fault.Ended); window++)
                struck[window] |= bits;
        }

        var (calm, servedCalm) = (0, 0);
        for (var window = 0; window < Count; window++)
        {
            if (BitOperations.PopCount(struck[window]) * 2 >= nodes && struck[window] != 0)
                continue;
            calm++;
            servedCalm += _counts[(int)AnswerKind.Ok][window] > 0 ? 1 : 0;
        }

        if (_length < WindowNs)
            return new(WindowMs, 0, null, 0, null);
        return new(WindowMs, Count, (double)Served(0, Count) / Count, calm, calm == 0 ? null : (double)servedCalm / calm);
    }

    /// <summary>What was answered ok a second, before, with and after faults.</summary>
    public ThroughputResults Throughput(IReadOnlyList<RunFault> faults)
    {
        var first = faults.Count == 0 ? 0 : WindowOf(faults.Min(static fault => fault.Began));
        var last = faults.Count == 0 ? Count : Math.Min(Count, WindowOf(faults.Max(static fault => fault.Ended)) + 1);
        var seconds = _length / 1e9;
        return new(seconds == 0 ? 0 : Sum(AnswerKind.Ok, 0, Count) / seconds, Rate(0, first), Rate(last, Count));
    }

    private double? Rate(int from, int to) =>
        to - from < PerSecond ? null : Sum(AnswerKind.Ok, from, to) / ((to - from) / (double)PerSecond);

    private int WindowOf(long at) => (int)Math.Clamp(at / WindowNs, 0, Count - 1);

    private void Gap(long until)
    {
        if (until - _lastOk > LongestGap.To - LongestGap.From)
            LongestGap = (_lastOk, until);
    }
}
