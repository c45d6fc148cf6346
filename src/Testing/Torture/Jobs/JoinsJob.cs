namespace RaftStream.Testing;

/// <summary>Two sources joined by key and time in every way, and one of them with a table of the other.</summary>
internal static class JoinsJob
{
    /// <summary>The job and its workload.</summary>
    public const string Name = "joins";

    private const long Reach = 400;

    /// <summary>The job.</summary>
    public static TortureJob Job { get; } = new(
        Name,
        [
            TortureJob.Source(),
            TortureJob.Source(),
            TortureJob.Keyed(OpKind.Merge, 0, 1),
            TortureJob.Sink(2),
            TortureJob.Counts(2),
            TortureJob.Keyed(OpKind.Aggregate, 1) with { Aggregate = AggregateKind.Sum },
            Join(JoinKind.Inner, 0),
            Join(JoinKind.Left, 500),
            Join(JoinKind.Outer, 0),
            TortureJob.Keyed(OpKind.TableJoin, 0) with { Table = 5, Join = JoinKind.Left },
            TortureJob.Sink(6),
            TortureJob.File(7),
            TortureJob.Sink(8),
            TortureJob.File(9),
        ],
        mostRecords: 12_000,
        mostOfBatch: 3);

    /// <summary>The sink that has the pairs of the inner join.</summary>
    public const int Pairs = 10;

    private static OpSpec Join(JoinKind kind, long lateness) => TortureJob.Keyed(OpKind.Join, 0, 1) with { Join = kind, Before = Reach, After = Reach, Lateness = lateness };
}
