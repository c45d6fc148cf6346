namespace RaftStream.StreamStateMachine;

/// <summary>Why a command or query of a job was declined. Part of the reply format: numbers are never given to something else.</summary>
internal enum JobProblem : byte
{
    /// <summary>It was not.</summary>
    None = 0,

    /// <summary>The bytes are no command or query of this release.</summary>
    Malformed = 1,

    /// <summary>The job in the log has another topology.</summary>
    DifferentTopology = 2,

    /// <summary>There is no such job, source, partition, sink, table or letter.</summary>
    NotFound = 3,

    /// <summary>The partition was never opened with that epoch.</summary>
    NotOpened = 4,

    /// <summary>A newer reader has opened the partition.</summary>
    Superseded = 5,

    /// <summary>The command does not begin where the partition stands.</summary>
    WrongPosition = 6,

    /// <summary>Timers are due, which go first.</summary>
    Busy = 7,

    /// <summary>As many outputs wait at a sink as may.</summary>
    SinkFull = 8,

    /// <summary>The state would take more bytes than it may.</summary>
    StateFull = 9,

    /// <summary>There are as many jobs or partitions as may be.</summary>
    TooMany = 10,

    /// <summary>A name is empty, too long or has a control character.</summary>
    InvalidName = 11,

    /// <summary>The node that sent it has led no more when it came to the log.</summary>
    Deposed = 12,
}

/// <summary>Problems in words.</summary>
internal static class JobProblems
{
    /// <summary>One sentence for a person, null where there is no problem.</summary>
    public static string? Sentence(JobProblem problem) => problem switch
    {
        JobProblem.None => null,
        JobProblem.DifferentTopology => "The job in the log has another topology: give the changed one a name of its own, or run the one that it was begun with.",
        JobProblem.NotFound => "There is no such job, source, partition, sink, table or dead letter: look at the job's description.",
        JobProblem.NotOpened => "The partition was never opened with that epoch: open it first.",
        JobProblem.Superseded => "A newer reader has opened the partition: this one may stop.",
        JobProblem.WrongPosition => "The records do not begin where the partition stands, so nothing was changed: go on from the committed position.",
        JobProblem.Busy => "Timers that are due go first: send the same again.",
        JobProblem.SinkFull => "As many outputs wait at a sink of the job as may, so nothing was taken in: have them handed on.",
        JobProblem.StateFull => "The job has as many bytes of state as it may, so nothing was taken in: let state expire, or begin the job anew under another name with a larger MaxStateBytes.",
        JobProblem.TooMany => $"There are {JobLimits.MaxJobs} jobs, or {JobLimits.MaxPartitions} partitions of this one, and no more may be.",
        JobProblem.InvalidName => $"The name of a partition has 1 to {StoreLimits.MaxNameChars} characters and no control character: give another one.",
        JobProblem.Deposed => "Another node leads by now, and hands the outputs on: this one may stop.",
        _ => "The bytes are no request that this release knows: use the encoding of the same release.",
    };
}

/// <summary>How much of each there may be.</summary>
internal static class JobLimits
{
    public const int MaxJobs = 1000;
    public const int MaxPartitions = 10_000;

    /// <summary>The most records of a source in a batch.</summary>
    public const int BatchRecords = 4096;

    /// <summary>The most bytes of a command: a batch, one record that became large, and some dead letters.</summary>
    public const int MaxCommandBytes = 2 * 1024 * 1024;

    /// <summary>A batch with that many bytes is sent.</summary>
    public const int BatchBytes = 256 * 1024;

    /// <summary>What one record of a source may become in the log, in bytes.</summary>
    public const int MaxRecordBytes = 512 * 1024;
}
