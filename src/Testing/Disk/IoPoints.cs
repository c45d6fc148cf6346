using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>How a start ended that followed a crash in a disk operation.</summary>
internal enum RecoveryResult
{
    /// <summary>Everything was whole.</summary>
    Clean,

    /// <summary>The end of the log was torn, and was cut off.</summary>
    TornTailCut,

    /// <summary>The next crash came before the recovery was through.</summary>
    CrashedAgain,

    /// <summary>There was no room.</summary>
    DiskFull,

    /// <summary>The disk was damaged, and the node refused it.</summary>
    DamageRefused,

    /// <summary>A sync failed.</summary>
    SyncFailed,
}

/// <summary>
/// The places where a node changes its disk: each kind of operation on each kind of file, told from the outside by names. The prebuilt segment is
/// filled under its temporary name; what goes to a segment's own file are its header and batches.
/// </summary>
internal static class IoPoints
{
    /// <summary>How many places.</summary>
    public const int Count = OperationCount * FileCount;

    private const int OperationCount = 6;
    private const int FileCount = 8;

    private const int OutboxClass = 6;
    private const int SinkClass = 7;

    /// <summary>Any name that is none of the log's: the users name the files of sinks.</summary>
    private const string SinkFile = "sink";

    private static readonly string[] Operations = ["create", "write", "sync", "rename", "delete", "sync"];
    // Segments get their names by renaming, and so do snapshots: those are never created or written under the final one.
    private static readonly int[] Real =
    [
        Of(DiskOperation.SyncFolder, ""),
        Of(DiskOperation.Write, ".seg"), Of(DiskOperation.SyncData, ".seg"), Of(DiskOperation.Delete, ".seg"),
        Of(DiskOperation.Create, ".new"), Of(DiskOperation.Write, ".new"), Of(DiskOperation.SyncData, ".new"), Of(DiskOperation.Rename, ".new"), Of(DiskOperation.Delete, ".new"),
        Of(DiskOperation.Create, "snapshot-taking"), Of(DiskOperation.Write, "snapshot-taking"), Of(DiskOperation.SyncData, "snapshot-taking"),
        Of(DiskOperation.Rename, "snapshot-taking"), Of(DiskOperation.Delete, "snapshot-taking"),
        Of(DiskOperation.Create, ".part"), Of(DiskOperation.Write, ".part"), Of(DiskOperation.SyncData, ".part"), Of(DiskOperation.Rename, ".part"), Of(DiskOperation.Delete, ".part"),
        Of(DiskOperation.Delete, ".snap"),
    ];

    // Sinks sync and rename nothing: snapshot and log make their files anew.
    private static readonly int[] Sinks = [Of(DiskOperation.Create, SinkFile), Of(DiskOperation.Write, SinkFile), Of(DiskOperation.Delete, SinkFile)];

    private static readonly string[] Files = ["folder", "log segment", "next segment", "own snapshot", "received snapshot", "snapshot", "outbox", "sink file"];

    /// <summary>All places of the log and the snapshots.</summary>
    public static IReadOnlyList<int> OfLogAndSnapshots => Real;

    /// <summary>All places of the files of sinks.</summary>
    public static IReadOnlyList<int> OfSinks => Sinks;

    /// <summary>Whether a place is reached only where a snapshot of another node's is received.</summary>
    public static bool IsOfReceived(int point) => point % FileCount == FileOf(".part");

    /// <summary>The place of an operation.</summary>
    public static int Of(DiskOperation operation, string file) => ((int)operation * FileCount) + FileOf(file);

    /// <summary>Any of the places that there are.</summary>
    public static int Draw(SimRandom random) => Real[random.Below(Real.Length)];

    /// <summary>Any of the places of an outbox; the header is written under the temporary name, commands under the final one.</summary>
    public static int DrawOfOutbox(SimRandom random) => Of((DiskOperation)random.Below(OperationCount - 1), OutboxFile.Suffix);

    /// <summary>What a place is called.</summary>
    public static string NameOf(int point) => $"{Files[point % FileCount]} {Operations[point / FileCount]}";

    private static int FileOf(string file) =>
        file.Length == 0 ? 0
        : file.EndsWith(".seg", StringComparison.Ordinal) ? 1
        : file.EndsWith(".new", StringComparison.Ordinal) ? 2
        : file.StartsWith("snapshot-taking", StringComparison.Ordinal) ? 3
        : file.EndsWith(".part", StringComparison.Ordinal) ? 4
        : file.EndsWith(OutboxFile.Suffix, StringComparison.Ordinal) || file == OutboxFile.TemporaryName ? OutboxClass
        : file.EndsWith(".snap", StringComparison.Ordinal) ? 5 : SinkClass;
}
