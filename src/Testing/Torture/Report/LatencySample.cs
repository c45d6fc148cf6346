namespace RaftStream.Testing;

/// <summary>
/// Which of a run's operations are drawn one by one: a fair sample of each outcome, drawn by the run's seed so that a report made twice is the same, and
/// with it the slowest call of each stretch of time, which a sample would likely miss and a reader looks for.
/// </summary>
internal sealed class LatencySample(ulong seed, int bins)
{
    /// <summary>The most operations answered ok.</summary>
    public const int MostOk = 1_600;

    /// <summary>The most of each other outcome.</summary>
    public const int MostOthers = 400;

    private readonly SimRandom _random = new(seed);
    private readonly RunOperation?[] _slowest = new RunOperation?[bins];
    private readonly List<RunOperation>[] _kept = [new(MostOk), [], []];
    private readonly long[] _seen = new long[3];

    /// <summary>How many operations were offered.</summary>
    public long Offered => _seen.Sum();

    /// <summary>Offers an operation called in a bin.</summary>
    public void Offer(RunOperation operation, int bin)
    {
        if (_slowest[bin] is not { } slowest || Latency(operation) > Latency(slowest))
            _slowest[bin] = operation;
        var kind = (int)operation.Answer.Kind;
        var most = operation.Answer.Kind == AnswerKind.Ok ? MostOk : MostOthers;
        _seen[kind]++;
        if (_kept[kind].Count < most)
            _kept[kind].Add(operation);
        else if (_random.Below(_seen[kind]) is var place && place < most)
            _kept[kind][(int)place] = operation;
    }

    /// <summary>What is drawn, in the order of the calls.</summary>
    public IReadOnlyList<RunOperation> Drawn()
    {
        var drawn = new HashSet<RunOperation>(ReferenceEqualityComparer.Instance);
        foreach (var kept in _kept)
            drawn.UnionWith(kept);
        drawn.UnionWith(_slowest.OfType<RunOperation>());
        return [.. drawn.OrderBy(static operation => operation.Invoked).ThenBy(static operation => operation.Client)];
    }

    /// <summary>How long an operation took, in nanoseconds: never less than nothing.</summary>
    public static long Latency(RunOperation operation) => Math.Max(0, operation.Completed - operation.Invoked);
}
