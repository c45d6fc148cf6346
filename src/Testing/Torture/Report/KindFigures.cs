namespace RaftStream.Testing;

/// <summary>How the operations of one kind ended, and how long those took that were answered ok.</summary>
/// <param name="function">What they asked for.</param>
/// <param name="level">At which level; null for the strongest.</param>
internal sealed class KindFigures(OperationFunction function, string? level)
{
    /// <summary>Stands for levels that are too many to tell apart.</summary>
    public const string OtherLevels = "others";

    private readonly long[] _ended = new long[3];
    private long _longest;

    /// <summary>The name of the kind, for a reader.</summary>
    public string Name { get; } = level is null ? FigureText.Function(function) : $"{FigureText.Function(function)} ({level})";

    /// <summary>The latencies of what was answered ok.</summary>
    public LatencyHistogram Latencies { get; } = new();

    /// <summary>Counts an operation.</summary>
    public void Add(RunOperation operation)
    {
        _ended[(int)operation.Answer.Kind]++;
        if (operation.Answer.Kind != AnswerKind.Ok)
            return;
        Latencies.Record(Time(operation));
        _longest = Math.Max(_longest, LatencySample.Latency(operation));
    }

    /// <summary>The figures; a quantile is never told as longer than the longest, which alone is exact.</summary>
    public FunctionResults ToResults()
    {
        var max = _longest / 1e6;
        var latency = Latencies.Count == 0 ? null : new LatencyResults(Quantile(0.5), Quantile(0.9), Quantile(0.99), Quantile(0.999), max);
        return new(FigureText.Function(function), level, new(_ended[0], _ended[1], _ended[2]), latency);
    }

    /// <summary>The latency in milliseconds that a share of the operations did not exceed.</summary>
    public double Quantile(double share) => Math.Min(Latencies.Percentile(share), _longest / 1e6);

    /// <summary>How long an operation took.</summary>
    public static TimeSpan Time(RunOperation operation) => new(LatencySample.Latency(operation) / TimeSpan.NanosecondsPerTick);
}
