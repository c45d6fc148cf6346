namespace RaftStream.Raft.Log;

/// <summary>How bad something is that was found in a data folder.</summary>
internal enum FindingKind
{
    /// <summary>Nothing to worry about: the next start puts it in order by itself.</summary>
    Note,

    /// <summary>The remains of a write that a crash interrupted and nobody was told of: harmless, the next start cuts it.</summary>
    Torn,

    /// <summary>Something is wrong, and the node starts nevertheless.</summary>
    Damaged,

    /// <summary>The node does not start with this folder.</summary>
    Refused,
}

/// <summary>Something found in a data folder.</summary>
/// <param name="Kind">How bad it is.</param>
/// <param name="File">The file, where it is one.</param>
/// <param name="Offset">The place in it, in bytes.</param>
/// <param name="Sentence">What it is and what to do.</param>
internal sealed record LogFinding(FindingKind Kind, string? File, long? Offset, string Sentence);

/// <summary>A segment as it stands in its file.</summary>
/// <param name="File">The file.</param>
/// <param name="Number">Its number.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Used">Bytes up to the end of the last batch that can be read; the rest is zeros, or what the findings say.</param>
/// <param name="Batches">Batches that can be read.</param>
/// <param name="Entries">Entries in them, replaced ones included.</param>
/// <param name="FirstIndex">The lowest index of an entry; 0 where there is none.</param>
/// <param name="LastIndex">The last index; 0 where there is none.</param>
/// <param name="FirstTerm">The term of the first entry; 0 where there is none.</param>
/// <param name="LastTerm">The term of the last; 0 where there is none.</param>
/// <param name="CheckpointTerm">The term when the segment was begun.</param>
/// <param name="CheckpointVote">The vote then; 0: none.</param>
/// <param name="BaseIndex">The last entry before the segment.</param>
/// <param name="BaseTerm">Its term.</param>
/// <param name="FirstBatch">The number of its first batch.</param>
/// <param name="IsReset">Whether a snapshot stands in for all older segments.</param>
internal sealed record SegmentReport(
    string File,
    long Number,
    long Size,
    long Used,
    long Batches,
    long Entries,
    long FirstIndex,
    long LastIndex,
    long FirstTerm,
    long LastTerm,
    long CheckpointTerm,
    int CheckpointVote,
    long BaseIndex,
    long BaseTerm,
    long FirstBatch,
    bool IsReset);

/// <summary>A snapshot whose manifest can be read.</summary>
/// <param name="File">The file.</param>
/// <param name="Index">The last entry in it.</param>
/// <param name="Term">Its term.</param>
/// <param name="Size">Its own file's size in bytes; chunks that it shares with older ones stand in theirs.</param>
/// <param name="Length">The state's bytes.</param>
/// <param name="Chunks">Its chunks.</param>
/// <param name="StateHash">The state's hash, in 16 hexadecimal digits.</param>
internal sealed record SnapshotReport(string File, long Index, long Term, long Size, long Length, int Chunks, string StateHash);

/// <summary>What a data folder holds. Term, vote, first and last are null where the log does not open.</summary>
internal sealed record LogReport
{
    /// <summary>The cluster, by the newest segment that can be read.</summary>
    public string? Cluster { get; init; }

    /// <summary>The node, likewise.</summary>
    public int? Node { get; init; }

    /// <summary>The term.</summary>
    public long? Term { get; init; }

    /// <summary>The vote in it; 0: none.</summary>
    public int? Vote { get; init; }

    /// <summary>The first entry held; one more than <see cref="LastIndex"/> where none is.</summary>
    public long? FirstIndex { get; init; }

    /// <summary>The last entry.</summary>
    public long? LastIndex { get; init; }

    /// <summary>Its term.</summary>
    public long? LastTerm { get; init; }

    /// <summary>How many entries of which kind the log holds.</summary>
    public SortedDictionary<string, long> Kinds { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The segments, in order.</summary>
    public List<SegmentReport> Segments { get; init; } = [];

    /// <summary>The snapshots, in order.</summary>
    public List<SnapshotReport> Snapshots { get; init; } = [];

    /// <summary>What is to be said, the worst first.</summary>
    public List<LogFinding> Findings { get; init; } = [];

    /// <summary>Whether nothing is damaged: torn remains and leftovers are no damage.</summary>
    public bool IsSound => Findings.TrueForAll(static finding => finding.Kind is FindingKind.Note or FindingKind.Torn);
}
