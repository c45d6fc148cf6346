using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using RaftStream.Lab.Bench;
using RaftStream.Testing;

namespace RaftStream.Lab.Pause;

/// <summary>How long something took, in milliseconds.</summary>
/// <param name="Count">How often it was done.</param>
/// <param name="P50">Half of the times were at most this.</param>
/// <param name="P999">999 of 1,000 times were at most this.</param>
/// <param name="Longest">The longest time.</param>
/// <param name="LongestOwn">
/// The longest one without the time in which the thread could have run and the machine ran others instead: what the store is to blame for.
/// </param>
internal sealed record PauseTimes(long Count, double P50, double P999, double Longest, double LongestOwn)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"longest {Longest:N2} ms ({LongestOwn:N2} ms without waiting for a processor), p50 {P50:N2}, p99.9 {P999:N2}, {Count:N0} times");
}

/// <summary>Takes times of one kind, all on one thread: the one that makes the first measurement.</summary>
internal sealed class PauseMeter : IDisposable
{
    private readonly LatencyHistogram _histogram = new();
    private readonly byte[] _text = new byte[128];
    private Microsoft.Win32.SafeHandles.SafeFileHandle? _schedule;
    private long _started;
    private long _waited;
    private double _longest;
    private double _longestOwn;

    /// <summary>The times so far.</summary>
    public PauseTimes Times => new(_histogram.Count, _histogram.Percentile(0.5), _histogram.Percentile(0.999), _longest, _longestOwn);

    /// <summary>Begins a measurement.</summary>
    public void Start()
    {
        _waited = Waited();
        _started = Stopwatch.GetTimestamp();
    }

    /// <summary>Ends it.</summary>
    public void Stop()
    {
        var elapsed = Stopwatch.GetElapsedTime(_started);
        var own = elapsed.TotalMilliseconds - ((Waited() - _waited) / 1e6);
        _histogram.Record(elapsed);
        _longest = Math.Max(_longest, elapsed.TotalMilliseconds);
        _longestOwn = Math.Max(_longestOwn, own);
    }

    /// <inheritdoc/>
    public void Dispose() => _schedule?.Dispose();

    /// <summary>Nanoseconds that this thread was ready to run and did not, from the system's books; 0 where it keeps none.</summary>
    private long Waited()
    {
        const string File = "/proc/thread-self/schedstat";
        if (_schedule is null && !System.IO.File.Exists(File))
            return 0;
        _schedule ??= System.IO.File.OpenHandle(File);
        var text = _text.AsSpan(0, RandomAccess.Read(_schedule, _text, 0));
        var second = text[(text.IndexOf((byte)' ') + 1)..];
        return Utf8Parser.TryParse(second, out long waited, out _) ? waited : 0;
    }
}
