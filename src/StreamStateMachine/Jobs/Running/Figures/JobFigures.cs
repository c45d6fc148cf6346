using System.Diagnostics.Metrics;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// What is measured of a job at this node: of what it read or was handed, and of the job's progress as it applies it. Nothing of it is in the log: each node has its own figures, since its start. Safe to call from any thread.
/// </summary>
internal sealed class JobFigures
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "RaftStream.Streams";

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly Func<LogPosition, CancellationToken, Task<bool>> _applied;
    private readonly Counter<long> _records;
    private readonly Histogram<double> _commitDuration;
    private readonly Histogram<double> _sourceDuration;
    private readonly Histogram<double> _sinkDuration;
    private readonly Histogram<double> _receiverDuration;
    private readonly KeyValuePair<string, object?> _job;
    private readonly LatencyRing _readToCommitted = new();
    private readonly LatencyRing _sourceToCommitted = new();
    private readonly LatencyRing _sourceToSinks = new();
    private readonly LatencyRing _sourceToReceivers = new();
    private readonly ProgressRing _progress = new();
    private long _watermark = long.MinValue;
    private int _owed;
    private Task _following = Task.CompletedTask;

    /// <param name="meter">Where the instruments are made.</param>
    /// <param name="job">The job's name.</param>
    /// <param name="time">The clocks.</param>
    /// <param name="applied">Waits until this node has applied the log up to a position; false where it will not.</param>
    public JobFigures(Meter meter, string job, TimeProvider time, Func<LogPosition, CancellationToken, Task<bool>> applied)
    {
        (_time, _applied, _job) = (time, applied, new("job", job));
        _began = time.GetTimestamp();
        _records = meter.CreateCounter<long>("raftstream.streams.records", "{record}", "Records of sources that came in by this node and were committed.");
        _commitDuration = meter.CreateHistogram<double>("raftstream.streams.commit.duration", "s", "From the reading of a batch's first record to its commit.");
        _sourceDuration = meter.CreateHistogram<double>("raftstream.streams.source.duration", "s", "From the event time of a batch's newest record to its commit.");
        _sinkDuration = meter.CreateHistogram<double>("raftstream.streams.sink.duration", "s", "From the event time of a batch's newest record to where this node has applied it, for one batch at a time.");
        _receiverDuration = meter.CreateHistogram<double>("raftstream.streams.receiver.duration", "s", "From the event time of a batch's newest output to where a receiver outside the cluster has taken it from this node.");
        meter.CreateObservableGauge("raftstream.streams.watermark.lag", () => ObserveLag(), "s", "How far the job's least watermark is behind this node's wall clock.");
    }

    private TimeSpan Now => _time.GetElapsedTime(_began);

    /// <summary>Records wait to be taken in, from now on until <see cref="Settled"/>: a batch is in flight, or a reader waits to go on.</summary>
    public void Owed() => Interlocked.Increment(ref _owed);

    /// <summary>What was owed was taken in or given up.</summary>
    public void Settled() => Interlocked.Decrement(ref _owed);

    /// <summary>A batch was committed.</summary>
    /// <param name="records">Records of the source in it.</param>
    /// <param name="duration">Since the first of them was read.</param>
    /// <param name="newest">The latest event time in it: milliseconds since 1970-01-01 UTC; <see cref="long.MinValue"/> where it has none.</param>
    /// <param name="position">Where it stands in the log.</param>
    public void Committed(long records, TimeSpan duration, long newest, LogPosition position)
    {
        if (records == 0)
            return;
        _records.Add(records, _job);
        _commitDuration.Record(duration.TotalSeconds, _job);
        lock (_lock)
        {
            _readToCommitted.Add(Now, duration);
            if (newest == long.MinValue)
                return;
            var since = Since(newest);
            _sourceToCommitted.Add(Now, since);
            _sourceDuration.Record(Math.Max(0, since.TotalSeconds), _job);
            if (_following.IsCompleted)
                _following = FollowAsync(newest, position);
        }
    }

    /// <summary>A receiver outside the cluster has taken a batch of outputs.</summary>
    /// <param name="newest">The event time of the newest: milliseconds since 1970-01-01 UTC.</param>
    public void HandedOn(long newest)
    {
        if (newest is long.MinValue or long.MaxValue)
            return;
        var since = Since(newest);
        _receiverDuration.Record(Math.Max(0, since.TotalSeconds), _job);
        lock (_lock)
            _sourceToReceivers.Add(Now, since);
    }

    /// <summary>Looks at where the job stands at this node.</summary>
    public void Look(JobStatus status)
    {
        var watermarks = status.Watermarks.Where(static watermark => watermark is not (long.MinValue or long.MaxValue)).DefaultIfEmpty(long.MinValue);
        lock (_lock)
        {
            _watermark = watermarks.Min();
            _progress.Add(Now, status.SourceRecords, Volatile.Read(ref _owed) > 0);
        }
    }

    /// <summary>Another node leads or reads now.</summary>
    /// <param name="what">Which, for a person.</param>
    public void Moved(string what)
    {
        lock (_lock)
            _progress.NoteFailure(Now, what);
    }

    /// <summary>The figures of the last while.</summary>
    /// <param name="window">How long it is.</param>
    public FiguresReport Report(TimeSpan window)
    {
        lock (_lock)
        {
            var now = Now;
            var from = now > window ? now - window : TimeSpan.Zero;
            return new(
                now - from,
                _progress.Throughput(from),
                _progress.Availability(from),
                _watermark == long.MinValue ? null : Since(_watermark),
                _readToCommitted.Since(from),
                _sourceToCommitted.Since(from),
                _sourceToSinks.Since(from),
                _sourceToReceivers.Since(from),
                _progress.LastFailure(now));
        }
    }

    /// <summary>The wall clock less an event time, which may lie further off than a time span reaches.</summary>
    private TimeSpan Since(long eventTime) => TimeSpan.FromMilliseconds(Math.Clamp(_time.GetUtcNow().ToUnixTimeMilliseconds() - eventTime, -(1L << 49), 1L << 49));

    private async Task FollowAsync(long newest, LogPosition position)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30), _time);
        if (!await _applied(position, patience.Token).ConfigureAwait(false))
            return;
        var since = Since(newest);
        _sinkDuration.Record(Math.Max(0, since.TotalSeconds), _job);
        lock (_lock)
            _sourceToSinks.Add(Now, since);
    }

    private IEnumerable<Measurement<double>> ObserveLag()
    {
        lock (_lock)
            return _watermark == long.MinValue ? [] : [new(Since(_watermark).TotalSeconds, _job)];
    }
}
