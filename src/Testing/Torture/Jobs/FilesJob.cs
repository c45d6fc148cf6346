namespace RaftStream.Testing;

/// <summary>Sinks that write files: every record with much behind it, so that files are begun and deleted all the time; the running counts of keys; and windows.</summary>
internal static class FilesJob
{
    /// <summary>The job and its workload.</summary>
    public const string Name = "files";

    /// <summary>How many characters stand behind each record in its file.</summary>
    public const int Padding = 200;

    /// <summary>The job.</summary>
    public static TortureJob Job { get; } = new(
        Name,
        [
            TortureJob.Source(),
            TortureJob.Sink(0),
            TortureJob.Counts(0),
            TortureJob.Keyed(OpKind.Window, 0) with { Aggregate = AggregateKind.Sum, Window = new(WindowKind.Tumbling, 1_000, 1_000, 0) { OnClose = true } },
            TortureJob.File(0) with { Padding = Padding },
            TortureJob.File(2),
            TortureJob.File(3),
        ],
        mostRecords: 40_000,
        mostOfBatch: 20);
}
