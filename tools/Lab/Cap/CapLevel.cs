namespace RaftStream.Lab.Cap;

/// <summary>A level that a caller chooses, as the experiment sees it.</summary>
/// <param name="Name">Its name over HTTP.</param>
/// <param name="IsWrite">Whether it is one of writes.</param>
/// <param name="Promise">What it promises, in a few words.</param>
internal sealed record CapLevel(string Name, bool IsWrite, string Promise)
{
    public static readonly CapLevel Linearizable = new("linearizable", false, "real-time order");
    public static readonly CapLevel Lease = new("lease", false, "real-time order while clocks keep their rate");
    public static readonly CapLevel Bounded = new("bounded", false, "never older than its bound");
    public static readonly CapLevel Session = new("session", false, "never behind what its client has seen");
    public static readonly CapLevel Eventual = new("eventual", false, "some prefix of the log");
    public static readonly CapLevel Quorum = new("quorum", true, "never lost");
    public static readonly CapLevel Leader = new("leader", true, "told as applied or as lost when asked for");
    public static readonly CapLevel Available = new("available", true, "applied once, perhaps late");

    /// <summary>All, reads first, from the strongest to the weakest.</summary>
    public static IReadOnlyList<CapLevel> All { get; } = [Linearizable, Lease, Bounded, Session, Eventual, Quorum, Leader, Available];
}

/// <summary>Where a client stands while the cluster is cut in two.</summary>
internal enum CapSide
{
    /// <summary>At a node of the larger part, which elects a leader.</summary>
    Majority = 0,

    /// <summary>At a node of the smaller part, to which the leader belongs when it is cut the first time.</summary>
    Minority = 1,

    /// <summary>Now at a node of the one, now of the other.</summary>
    Roaming = 2,
}

/// <summary>How an operation ended.</summary>
internal enum CapEnd
{
    /// <summary>As its level promises: for writes acknowledged, provisional or accepted.</summary>
    Served = 0,

    /// <summary>Certainly not done, or not answered in time where nothing was to be done.</summary>
    Refused = 1,

    /// <summary>A write of which nobody told whether it is done.</summary>
    Unknown = 2,
}

/// <summary>One operation of a client, with times since the start of the experiment.</summary>
internal sealed record CapOperation(CapLevel Level, CapSide Side, TimeSpan Began, TimeSpan Ended, CapEnd End)
{
    /// <summary>What a read saw, or the counter after a write that tells it.</summary>
    public long Value { get; init; }

    /// <summary>The age in milliseconds that the answer admits; null where it tells none.</summary>
    public long? AgeMs { get; init; }

    /// <summary>By what to ask for the fate of a provisional write.</summary>
    public string? Position { get; init; }

    /// <summary>The code of a refusal.</summary>
    public string? Code { get; init; }
}

/// <summary>A stretch of the experiment.</summary>
/// <param name="Name">What it is called in tables.</param>
/// <param name="From">When it began.</param>
/// <param name="To">When it ended.</param>
/// <param name="IsCut">Whether the cluster was in two parts.</param>
internal sealed record CapPhase(string Name, TimeSpan From, TimeSpan To, bool IsCut)
{
    /// <summary>Whether an operation lay in it from its call to the last moment at which it could have been answered.</summary>
    public bool Holds(CapOperation operation, TimeSpan patience) => operation.Began >= From && operation.Began + patience <= To;
}
