namespace RaftStream.Raft.Log;

/// <summary>How opening a log, or log and snapshots together, ended.</summary>
internal enum OpeningKind
{
    /// <summary>It is open.</summary>
    Opened,

    /// <summary>The folder belongs to another cluster.</summary>
    ForeignCluster,

    /// <summary>The folder belongs to another node of the cluster.</summary>
    ForeignNode,

    /// <summary>A segment of another log of the same node lies in the folder: of a time before the folder was emptied.</summary>
    StaleSegment,

    /// <summary>The format is of a version this program does not know.</summary>
    UnsupportedVersion,

    /// <summary>The medium does not give back what stands there, or a file cannot be opened. Nothing was changed: it may be the cable, and not the disk, or the rights to the file.</summary>
    Unreadable,

    /// <summary>
    /// Something that may have been acknowledged cannot be read. <b>Safety:</b> the lost batch may hold a vote, so this replica must
    /// neither vote nor acknowledge anything under its node id again.
    /// </summary>
    Corrupt,
}

/// <summary>Why something was not opened: the sentence names the file, the place, the trouble and the mend.</summary>
internal sealed record OpeningProblem(OpeningKind Kind, string Sentence)
{
    /// <summary>The file at fault, where it is one.</summary>
    public string? File { get; private init; }

    /// <summary>The place in it, in bytes.</summary>
    public long? Offset { get; private init; }

    /// <summary>Damage at a place in a file.</summary>
    public static OpeningProblem Damage(string file, long offset, string what, NodeId node) =>
        new(OpeningKind.Corrupt, $"'{file}' is damaged at byte {offset}: {what}; {WayBack(node)}") { File = file, Offset = offset };

    /// <summary>A place in a file that cannot be read.</summary>
    public static OpeningProblem Unreadable(string file, long offset, IOException failure, NodeId node) =>
        new(OpeningKind.Unreadable, $"'{file}' cannot be read at byte {offset} ({failure.Message.TrimEnd('.')}): mend the disk and start the node again; where that cannot be done, {WayBack(node)}") { File = file, Offset = offset };

    /// <summary>A file that is there and cannot be opened: its bytes may all be well.</summary>
    public static OpeningProblem CannotOpen(string file, IOException failure) =>
        new(OpeningKind.Unreadable, $"'{file}' cannot be opened ({failure.Message.TrimEnd('.')}): see that it is a file which this user may read and write, on a disk that is well, and try again; nothing was changed.") { File = file };

    /// <summary>What to do about a replica that has forgotten what it may have promised.</summary>
    public static string WayBack(NodeId node) =>
        $"this replica must not vote again as node {node}: move its data folder away, and 'raftstream members replace' brings it back under a fresh id.";
}

/// <summary>What recovery found.</summary>
/// <param name="Created">Whether there was no log and a new one was begun.</param>
/// <param name="Entries">How many entries the log holds.</param>
/// <param name="Batches">How many batches were read.</param>
/// <param name="TornBytes">Bytes of a torn write, never acknowledged, that were cut from the end.</param>
/// <param name="Leftovers">Segments left over from an unfinished compaction or reset.</param>
internal readonly record struct RecoveryFacts(bool Created, long Entries, long Batches, long TornBytes, int Leftovers);

/// <summary>The outcome of opening a log: either the log or the problem.</summary>
/// <param name="Log">The log, where it is open; the caller owns it.</param>
/// <param name="Problem">Why it is not open, else null.</param>
/// <param name="Facts">What recovery found.</param>
internal sealed record LogOpening(SegmentedLog? Log, OpeningProblem? Problem, RecoveryFacts Facts)
{
    /// <summary>How it ended.</summary>
    public OpeningKind Kind => Problem?.Kind ?? OpeningKind.Opened;
}
