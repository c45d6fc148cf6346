namespace RaftStream.Testing;

/// <summary>Aggregations of drawn topologies that are not one call of a stream.</summary>
internal static class ModelAggregates
{
    public static Aggregation<ModelRecord, IReadOnlyList<ModelRecord>, IReadOnlyList<ModelRecord>> Top { get; } = Aggregations.Top<ModelRecord>(ModelFunctions.TopCount, static record => record.Number % 4, ModelCodec.Instance);

    public static Aggregation<ModelRecord, IReadOnlyList<string>, long> Distinct { get; } = Aggregations.CountDistinct<ModelRecord>(static record => ModelFunctions.Show(record.Number % 5));

    /// <summary>How far apart the smallest and the largest number are: an accumulator of a user's own.</summary>
    public static Aggregation<ModelRecord, (long First, long Second), long> Spread { get; } = new(
        "spread",
        (long.MaxValue, long.MinValue),
        static (acc, record) => (Math.Min(acc.First, record.Number), Math.Max(acc.Second, record.Number)),
        static acc => acc.First > acc.Second ? -1 : acc.Second - acc.First,
        Codecs.Pair(Codecs.Int64, Codecs.Int64),
        Codecs.Int64,
        static (left, right) => (Math.Min(left.First, right.First), Math.Max(left.Second, right.Second)));

    public static long Sum(IReadOnlyList<ModelRecord> records) => records.Sum(static record => record.Number);

    /// <summary>What each aggregation makes of records in the order of their coming, in the plainest way: as text, and as a number.</summary>
    public static (string Shown, long Number) Evaluate(AggregateKind kind, IReadOnlyList<ModelRecord> records)
    {
        switch (kind)
        {
            case AggregateKind.Count:
                return Whole(records.Count);
            case AggregateKind.Sum:
                return Whole(Sum(records));
            case AggregateKind.SumOfDoubles:
                return Double(Sum(records) / 2.0);
            case AggregateKind.Min:
                return Whole(records.Count == 0 ? 0 : records.Min(static record => record.Number));
            case AggregateKind.Max:
                return Whole(records.Count == 0 ? 0 : records.Max(static record => record.Number));
            case AggregateKind.Average:
                return Double((double)Sum(records) / records.Count);
            case AggregateKind.Reduce:
                var reduced = records.Count == 0 ? default : records.Aggregate(ModelFunctions.Reduce);
                return (ModelFunctions.Show(reduced), reduced.Number);
            case AggregateKind.Custom:
                return Whole(records.Count == 0 ? -1 : records.Max(static record => record.Number) - records.Min(static record => record.Number));
            case AggregateKind.Top:
                var top = records.OrderByDescending(static record => record.Number % 4).Take(ModelFunctions.TopCount).ToList();
                return (ModelFunctions.Show(top), Sum(top));
            default:
                return Whole(records.Select(static record => record.Number % 5).Distinct().Count());
        }

        static (string, long) Whole(long value) => (ModelFunctions.Show(value), value);
        static (string, long) Double(double value) => (ModelFunctions.Show(value), ModelFunctions.Whole(value));
    }
}
