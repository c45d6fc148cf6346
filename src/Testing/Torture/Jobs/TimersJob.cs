namespace RaftStream.Testing;

/// <summary>A process function with timers of event time over keyed state; and beside it one with a timer of log time for each record.</summary>
internal static class TimersJob
{
    /// <summary>The job and its workload.</summary>
    public const string Name = "timers";

    /// <summary>The sink of the timers of log time.</summary>
    public const string LogTimers = "log-timers";

    /// <summary>The sink of the function with timers of event time.</summary>
    public const int Outputs = 4;

    /// <summary>The job.</summary>
    public static TortureJob Job { get; } = new(
        Name,
        [
            TortureJob.Source(),
            TortureJob.Sink(0),
            TortureJob.Counts(0),
            TortureJob.Keyed(OpKind.Process, 0) with { Before = 700 },
            TortureJob.Sink(3),
        ],
        mostRecords: 12_000,
        mostOfBatch: 3,
        static streams => streams(0)
            .KeyBy(static record => record.Number)
            .Process("timer-of-each", static () => new LogTimerFunction())
            .ToStream()
            .Map(static item => item.Value)
            .ToSubscription(LogTimers, TortureJob.Keep, static text => text));
}
