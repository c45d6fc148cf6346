using System.Diagnostics.Metrics;

namespace RaftStream.StreamStateMachine;

/// <summary>What is measured of a job's reading at this node.</summary>
internal sealed class ReadingFigures
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "RaftStream.Streams";

    private readonly Counter<long> _records;
    private readonly Histogram<double> _latency;
    private readonly KeyValuePair<string, object?> _job;

    public ReadingFigures(Meter meter, string job)
    {
        _records = meter.CreateCounter<long>("raftstream.streams.records", "{record}", "Records of sources that this node read and that were committed.");
        _latency = meter.CreateHistogram<double>("raftstream.streams.commit.duration", "s", "From the reading of a batch's first record to its commit.");
        _job = new("job", job);
    }

    /// <summary>A batch was committed.</summary>
    public void Committed(long records, TimeSpan duration)
    {
        if (records == 0)
            return;
        _records.Add(records, _job);
        _latency.Record(duration.TotalSeconds, _job);
    }
}
