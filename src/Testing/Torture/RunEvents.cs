namespace RaftStream.Testing;

/// <summary>One operation of a client, as a run keeps it.</summary>
/// <param name="Workload">Which workload asked.</param>
/// <param name="Client">Which client: it has one operation at a time, and gets a new number after one of unknown outcome.</param>
/// <param name="Node">Through which node.</param>
/// <param name="Call">What it asked for.</param>
/// <param name="Invoked">When, in nanoseconds from the start of the run, by one monotonic clock.</param>
/// <param name="Completed">When the answer came or the client gave up.</param>
/// <param name="Answer">What it was answered.</param>
internal sealed record RunOperation(string Workload, long Client, int Node, ClientCall Call, long Invoked, long Completed, ClientAnswer Answer)
{
    /// <summary>Which process of the node answered, from 1; 0 where that was not noted.</summary>
    public int Life { get; init; }

    /// <summary>
    /// The same number for calls that one client sent in one piece, in the order of <see cref="Client"/>, which is another for each: they are under way at once. 0 for a call alone.
    /// </summary>
    public long Pipeline { get; init; }
}

/// <summary>A fault that was in force for a time.</summary>
/// <param name="Nemesis">Which nemesis.</param>
/// <param name="What">In a few words, with the nodes it struck.</param>
/// <param name="Began">When, in nanoseconds from the start of the run.</param>
/// <param name="Ended">When it was mended.</param>
/// <param name="Nodes">The nodes it struck.</param>
/// <param name="TookEffect">Whether it was seen to have had an effect, such as packets dropped or a process gone.</param>
internal sealed record RunFault(string Nemesis, string What, long Began, long Ended, IReadOnlyList<int> Nodes, bool TookEffect);

/// <summary>The verdict of one checker on one workload.</summary>
/// <param name="Workload">The workload.</param>
/// <param name="Checker">The checker.</param>
/// <param name="Verdict">What it found.</param>
/// <param name="Detail">One sentence: what was looked at, or what is wrong.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record RunCheck(string Workload, string Checker, Verdict Verdict, string Detail, double Seconds)
{
    /// <summary>A picture of what is wrong, as a file's name in the folder of the run; null if there is none.</summary>
    public string? Picture { get; init; }
}

/// <summary>A leadership that was seen.</summary>
/// <param name="At">When it was first seen, in nanoseconds from the start of the run.</param>
/// <param name="Node">Who.</param>
/// <param name="Term">In which term.</param>
internal sealed record RunLeader(long At, int Node, long Term);

/// <summary>All of a run that a report is made from.</summary>
internal sealed record RunRecord
{
    /// <summary>The tested system.</summary>
    public required string System { get; init; }

    /// <summary>The driver.</summary>
    public required string Driver { get; init; }

    /// <summary>How many nodes formed the cluster.</summary>
    public required int Nodes { get; init; }

    /// <summary>What everything was drawn from.</summary>
    public required ulong Seed { get; init; }

    /// <summary>When it began, UTC.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>How long clients worked, in nanoseconds.</summary>
    public required long Length { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>Every operation, in the order of completion.</summary>
    public required IReadOnlyList<RunOperation> Operations { get; init; }

    /// <summary>Every fault, in the order of beginning.</summary>
    public required IReadOnlyList<RunFault> Faults { get; init; }

    /// <summary>Every leadership that was seen.</summary>
    public required IReadOnlyList<RunLeader> Leaders { get; init; }

    /// <summary>The verdicts.</summary>
    public required IReadOnlyList<RunCheck> Checks { get; init; }

    /// <summary>Why the run proves less than it should; empty for one that is valid.</summary>
    public required IReadOnlyList<string> Invalid { get; init; }

    /// <summary>The names of the nodes' log files in the folder of the run.</summary>
    public required IReadOnlyList<string> NodeLogs { get; init; }
}
