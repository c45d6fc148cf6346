using System.Text.Json;
using System.Text.Json.Serialization;

namespace RaftStream.Testing;

/// <summary>
/// What is wrong with a node's disk and clock. The lab writes it to the file <see cref="FileName"/> in the node's folder (beside its data); the node looks
/// every few milliseconds and tells in <see cref="SeenFileName"/> what it did. Files, since every driver can pass them.
/// </summary>
internal sealed record NodeFaults
{
    /// <summary>The lab's file.</summary>
    public const string FileName = "faults.json";

    /// <summary>The node's file.</summary>
    public const string SeenFileName = "faults-seen.json";

    /// <summary>Counts the lab's wishes; the node tells the last one that it has seen.</summary>
    public long Sequence { get; init; }

    /// <summary>How fast the monotonic clock runs: 1 is true.</summary>
    public double ClockRate { get; init; } = 1;

    /// <summary>Milliseconds added to the monotonic clock's reading so far, all jumps together: never less than before.</summary>
    public long ClockJumpMs { get; init; }

    /// <summary>Whether the disk has no room left.</summary>
    public bool IsDiskFull { get; init; }

    /// <summary>Milliseconds that each write and sync takes longer.</summary>
    public int DiskSlowMs { get; init; }

    /// <summary>Whether the next sync fails with an I/O error, and loses what it should have made durable.</summary>
    public bool SyncFails { get; init; }

    /// <summary>Not 0: the power fails at once. The process ends, and of what was not synced a part drawn from this number is on the disk.</summary>
    public long PowerCut { get; init; }
}

/// <summary>What a node's faults have done since its process began.</summary>
internal sealed record NodeFaultsSeen(long Sequence, long SlowOperations, long RefusedWrites, long FailedSyncs, double ClockRate, long ClockJumpMs)
{
    /// <summary>
    /// The least that the wall clock was ahead of the boot clock since this sequence, in milliseconds and to a tenth of a second: both are the machine's, so the lab
    /// knows what it should be.
    /// </summary>
    public long WallLowMs { get; init; }

    /// <summary>The most that it was.</summary>
    public long WallHighMs { get; init; }
}

/// <summary>How these are written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(NodeFaults))]
[JsonSerializable(typeof(NodeFaultsSeen))]
internal sealed partial class NodeFaultsJson : JsonSerializerContext;
