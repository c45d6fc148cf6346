namespace RaftStream.Testing;

/// <summary>Windows of every kind over one source, with what comes too late for them.</summary>
internal static class WindowsJob
{
    /// <summary>The job and its workload.</summary>
    public const string Name = "windows";

    private const long Kept = 30_000;

    /// <summary>The sinks that have results of windows that closed.</summary>
    public static IReadOnlyList<int> Closed { get; } = [7, 10];

    /// <summary>The job.</summary>
    public static TortureJob Job { get; } = new(
        Name,
        [
            TortureJob.Source(),
            TortureJob.Sink(0),
            TortureJob.Counts(0),
            Window(AggregateKind.Count, new(WindowKind.Tumbling, 2_000, 2_000, 0) { Lateness = 1_000, Retention = Kept, OnClose = true, HasLateOutput = true }),
            Window(AggregateKind.Sum, new(WindowKind.Hopping, 3_000, 1_000, 0) { Retention = Kept, OnClose = true, Count = 3 }),
            Window(AggregateKind.Sum, new(WindowKind.Session, 700, 0, 0) { Lateness = 500, Retention = Kept, OnClose = true, HasLateOutput = true }),
            Window(AggregateKind.Count, new(WindowKind.Sliding, 1_500, 0, 0) { OnUpdate = true }),
            TortureJob.Sink(3),
            TortureJob.File(3, output: 1),
            TortureJob.File(4),
            TortureJob.Sink(5),
            TortureJob.Sink(5, output: 1),
            TortureJob.File(6),
        ],
        mostRecords: 12_000,
        mostOfBatch: 3);

    private static OpSpec Window(AggregateKind aggregate, WindowPlan plan) => TortureJob.Keyed(OpKind.Window, 0) with { Aggregate = aggregate, Window = plan };
}
