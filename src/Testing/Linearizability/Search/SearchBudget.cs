using System.Diagnostics;

namespace RaftStream.Testing.Linearizability;

/// <summary>How long a search may go on and how much it may remember. It asks at every step; the clock is looked at now and then.</summary>
internal sealed class SearchBudget
{
    private const int StepsBetweenLooks = 256;

    private readonly CancellationToken _cancellation;
    private readonly long _deadline;
    private int _untilLook = StepsBetweenLooks;

    /// <summary>Takes the time left and the bytes.</summary>
    public SearchBudget(TimeSpan time, long memoryBytes, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        var ticks = time.TotalSeconds * Stopwatch.Frequency;
        var now = Stopwatch.GetTimestamp();
        _deadline = ticks >= long.MaxValue - now ? long.MaxValue : now + (long)Math.Max(0, ticks);
        MemoryBytes = memoryBytes;
    }

    /// <summary>The bytes that one search may remember.</summary>
    public long MemoryBytes { get; }

    /// <summary>Steps made.</summary>
    public long Steps { get; private set; }

    /// <summary>Whether the time has ended.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Counts a step; false when time has ended.</summary>
    /// <exception cref="OperationCanceledException">It was asked for.</exception>
    public bool Step()
    {
        Steps++;
        return --_untilLook > 0 || Look();
    }

    /// <summary>Counts work inside a step that may cost as much as many steps.</summary>
    public void Spend(int steps) => _untilLook = Math.Max(1, _untilLook - steps);

    private bool Look()
    {
        _cancellation.ThrowIfCancellationRequested();
        _untilLook = StepsBetweenLooks;
        IsOver = Stopwatch.GetTimestamp() >= _deadline;
        return !IsOver;
    }
}
