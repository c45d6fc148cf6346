using System.Diagnostics;
using RaftStream.Node.Commands;
using RaftStream.Hosting.Http;
using RaftStream.Testing;

namespace RaftStream.Lab.Bench;

/// <summary>The figures of one run. Those of the leader are null if the leadership moved: they would mix two nodes.</summary>
internal sealed record RunReport
{
    public required int Inflight { get; init; }
    public required double OpsPerSecond { get; init; }
    public required double P50Ms { get; init; }
    public required double P99Ms { get; init; }
    public required double? SyncsPerSecond { get; init; }
    public required double? OpsPerSync { get; init; }
    public required double? AllocatedBytesPerOp { get; init; }

    /// <summary>Increments that were not acknowledged, warm-up included: rejected ones and unknown ones.</summary>
    public required long Errors { get; init; }

    /// <summary>Those of them that may be done all the same.</summary>
    public required long Unknown { get; init; }

    /// <summary>Increments that were acknowledged, warm-up included.</summary>
    public required long Acknowledged { get; init; }

    public required bool LeaderChanged { get; init; }

    /// <summary>Whether the counters held what was acknowledged since the cluster's start, and at most the unknown beyond it.</summary>
    public required bool Verified { get; init; }
}

/// <summary>
/// One number of operations in flight: so many callers, each of which sends its next increment when the last was answered; a warm-up,
/// then the measured time without a pause between them.
/// </summary>
internal sealed class LoadRun(IBenchTarget target, int inFlight, TimeSpan measured)
{
    // A request is answered within its five seconds, or its node is gone and the connection with it.
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(5);

    private readonly LatencyHistogram _latencies = new();
    private volatile bool _isMeasuring;
    private volatile bool _isOver;
    private long _acknowledged;
    private long _rejected;
    private long _unknown;

    /// <summary>Runs the load. The counters are not verified yet.</summary>
    public async Task<RunReport> RunAsync(CancellationToken cancellationToken)
    {
        var aimed = await target.AimAsync(inFlight, cancellationToken);
        var callers = new Task[inFlight];
        for (var i = 0; i < callers.Length; i++)
        {
            var seed = i;
            callers[i] = Task.Run(() => CallAsync(seed), CancellationToken.None);
        }

        Window window;
        try
        {
            await Task.Delay(WarmUp, cancellationToken);
            window = await MeasureAsync(cancellationToken);
        }
        finally
        {
            await JoinAsync(callers);
        }

        return Report(aimed, window);
    }

    /// <summary>Half the measured time, at least a second for the just-in-time compiler.</summary>
    private TimeSpan WarmUp => TimeSpan.FromSeconds(Math.Clamp(measured.TotalSeconds / 2, 1, LongestWarmUp.TotalSeconds));

    private async Task CallAsync(int seed)
    {
        var random = new Random(seed);
        while (!_isOver)
        {
            var start = Stopwatch.GetTimestamp();
            var result = await target.AddAsync(random.Next(BenchKeys.Count));
            if (result == AddResult.Acknowledged)
            {
                Interlocked.Increment(ref _acknowledged);
                if (_isMeasuring)
                    _latencies.Record(Stopwatch.GetElapsedTime(start));
                continue;
            }

            Interlocked.Increment(ref result == AddResult.Rejected ? ref _rejected : ref _unknown);
            await Task.Delay(PauseAfterError);
        }
    }

    /// <summary>
    /// The leader's own figures are taken from two of its statuses, each consistent in itself, with the time between them; they do not
    /// have to agree to the millisecond with the callers' window.
    /// </summary>
    private async Task<Window> MeasureAsync(CancellationToken cancellationToken)
    {
        var before = await target.StatusAsync(cancellationToken);
        var beforeAt = Stopwatch.GetTimestamp();
        var start = Stopwatch.GetTimestamp();
        _isMeasuring = true;
        await Task.Delay(measured, cancellationToken);
        _isMeasuring = false;
        var length = Stopwatch.GetElapsedTime(start);
        var after = await target.StatusAsync(cancellationToken);
        return new Window(before, after, length, Stopwatch.GetElapsedTime(beforeAt));
    }

    private async Task JoinAsync(Task[] callers)
    {
        _isOver = true;
        try
        {
            await Task.WhenAll(callers).WaitAsync(JoinPatience);
        }
        catch (TimeoutException exception)
        {
            throw new UndecidedException($"Increments were not answered within {JoinPatience.TotalSeconds:0} s: the run has no figures.", exception);
        }
    }

    private RunReport Report(StatusJson aimed, Window window)
    {
        var (before, after) = (window.Before, window.After);
        var moved = before.Term != aimed.Term || after.Term != aimed.Term || after.Role != "leader";
        var entries = after.Commit - before.Commit;
        var syncs = after.Syncs - before.Syncs;
        return new RunReport
        {
            Inflight = inFlight,
            OpsPerSecond = Math.Round(_latencies.Count / window.Length.TotalSeconds, 1),
            P50Ms = Math.Round(_latencies.Percentile(0.50), 3),
            P99Ms = Math.Round(_latencies.Percentile(0.99), 3),
            SyncsPerSecond = moved ? null : Math.Round(syncs / window.BetweenStatuses.TotalSeconds, 1),
            OpsPerSync = moved || syncs == 0 ? null : Math.Round((double)entries / syncs, 2),
            AllocatedBytesPerOp = moved || entries == 0 ? null : Math.Round((double)(after.AllocatedBytes - before.AllocatedBytes) / entries),
            Errors = _rejected + _unknown,
            Unknown = _unknown,
            Acknowledged = _acknowledged,
            LeaderChanged = moved,
            Verified = false,
        };
    }

    private readonly record struct Window(StatusJson Before, StatusJson After, TimeSpan Length, TimeSpan BetweenStatuses);
}
