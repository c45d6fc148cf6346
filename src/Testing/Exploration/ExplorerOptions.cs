using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>What an exploration covers: the bound within which it visits every state.</summary>
internal sealed record ExplorerOptions
{
    /// <summary>Entries that a packed log holds at the most.</summary>
    public const int LongestLog = 16;

    /// <summary>Nodes in the cluster, 2 to 5.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>The highest term that a node may stand in, 1 to 12.</summary>
    public int Terms { get; init; } = 2;

    /// <summary>Entries that clients propose, by whichever leader, 0 to 8.</summary>
    public int Entries { get; init; } = 2;

    /// <summary>Crashes, each with a restart, 0 to 3.</summary>
    public int Crashes { get; init; }

    /// <summary>Changes of the members that a leader may begin, 0 to 2.</summary>
    public int Changes { get; init; }

    /// <summary>Nodes that begin as learners: the last ones; fewer than <see cref="Nodes"/>.</summary>
    public int Learners { get; init; }

    /// <summary>Entries in one append at the most, at least 1: one by one is the finest, several at once are written at once.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Whether leaders also send again what is unanswered, from the last match on and one append at a time.</summary>
    public bool Resend { get; init; }

    /// <summary>Whether states that differ only in the names of the nodes count as one.</summary>
    public bool Symmetry { get; init; } = true;

    /// <summary>Whether a crash takes the last write that the disk had reported as done: no Raft survives that, and the explorer must show it.</summary>
    public bool LyingDisks { get; init; }

    /// <summary>When to give up; zero: never.</summary>
    public TimeSpan TimeLimit { get; init; }

    /// <summary>Memory for states, in bytes; about what the process takes.</summary>
    public long MemoryLimit { get; init; } = 8L << 30;

    /// <summary>
    /// Whether a follower's commit index is only ever observed: nothing that it says depends on it. So where members do not change: who was removed is told
    /// so only by those who know that this is committed.
    /// </summary>
    public bool CommitIsObserved => Changes == 0 && Learners == 0;

    /// <summary>The members that every node begins with; all data folders are known, as in a cluster that has run before.</summary>
    public Configuration Members() =>
        new(Enumerable.Range(1, Nodes).Select(id => new Member { Id = new(id), Disk = (ulong)id, IsVoter = id <= Nodes - Learners }));

    /// <summary>The changes that a leader may be asked for.</summary>
    public IReadOnlyList<MemberChange> MemberChanges() => Changes == 0 ? [] :
    [
        .. Enumerable.Range(1, Nodes).Select(static id => MemberChange.Remove(new(id))),
        .. Enumerable.Range(Nodes - Learners + 1, Learners).Select(static id => MemberChange.Promote(new(id))),
    ];

    /// <summary>What is wrong with these options, in one sentence; null if nothing is.</summary>
    public string? Problem()
    {
        if (Nodes is < 2 or > 5)
            return $"--nodes {Nodes} is not explored: give 2 to 5.";
        if (Terms is < 1 or > 12)
            return $"--terms {Terms} is out of range: give 1 to 12.";
        if (Entries is < 0 or > 8)
            return $"--entries {Entries} is out of range: give 0 to 8.";
        if (Crashes is < 0 or > 3)
            return $"--crashes {Crashes} is out of range: give 0 to 3.";
        if (Changes is < 0 or > 2)
            return $"--changes {Changes} is out of range: give 0 to 2.";
        if (Learners < 0 || Learners >= Nodes)
            return $"--learners {Learners} leaves no voter among {Nodes} nodes: give 0 to {Nodes - 1}.";
        if (Batch < 1)
            return $"--batch {Batch} is out of range: give 1 or more.";
        return Terms + Entries + (2 * Changes) > LongestLog ? $"--terms, --entries and twice --changes come to more than {LongestLog} entries of a log: give less." : null;
    }
}
