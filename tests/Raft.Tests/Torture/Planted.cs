namespace RaftStream.Raft.Tests.Torturing;

/// <summary>What may be wrong with a <see cref="FakeSystem"/>.</summary>
internal enum Planted
{
    Nothing,

    /// <summary>An acknowledged change is sometimes not done.</summary>
    LostWrite,

    /// <summary>An add sometimes counts twice.</summary>
    DoubledAdd,

    /// <summary>A read sometimes tells the value before the last change.</summary>
    StaleRead,

    /// <summary>A change is sometimes done and told as certainly not done.</summary>
    DoneAndRefused,

    /// <summary>Compare-and-set sometimes does not compare.</summary>
    BlindCompare,

    /// <summary>Node 2 stops taking changes in at the end.</summary>
    LeftBehind,

    /// <summary>A command of a session that is sent again is done again.</summary>
    RepeatedCommand,

    /// <summary>A part of a source is sometimes counted twice.</summary>
    RecordTwice,

    /// <summary>A part of a source is sometimes passed over.</summary>
    RecordLost,

    /// <summary>Reads of a weaker level are sometimes older than they may be.</summary>
    TooOld,

    /// <summary>A provisional write that was lost is sometimes told as done.</summary>
    LostAndConfirmed,

    /// <summary>A provisional write that was done is sometimes told as lost.</summary>
    DoneAndLost,

    /// <summary>An accepted write sometimes comes into the log twice.</summary>
    AcceptedTwice,

    /// <summary>An accepted write is sometimes forgotten.</summary>
    AcceptedLost,

    /// <summary>A tentative read counts what waits and is in the log already.</summary>
    TentativeTwice,

    /// <summary>A tentative read leaves out what waits.</summary>
    TentativeForgets,

    /// <summary>A watch that goes on sometimes leaves out the first change.</summary>
    WatchSkips,

    /// <summary>A watch that goes on sometimes tells a change again.</summary>
    WatchRepeats,

    /// <summary>A watch sometimes tells another value.</summary>
    WatchLies,

    /// <summary>The rows of a reset sometimes lack one.</summary>
    WatchLacksRow,

    /// <summary>The calls of a pipeline are sometimes done in another order than they were sent in.</summary>
    PipelineReversed,
}
