namespace RaftStream.Testing;

/// <summary>
/// The parts of a simulation that can be left out, to find what a violation needs: faults, what the operator does, what clients do. Leaving
/// one out does not change what the seed draws for the others.
/// </summary>
[Flags]
public enum SimulationPart : long
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Frames that are lost.</summary>
    Loss = 1 << 0,

    /// <summary>Frames that arrive twice.</summary>
    Duplication = 1 << 1,

    /// <summary>Frames that are held for long, and overtaken.</summary>
    Delay = 1 << 2,

    /// <summary>Two sides that do not hear each other.</summary>
    Partition = 1 << 3,

    /// <summary>Nodes that some others do not hear.</summary>
    OneWay = 1 << 4,

    /// <summary>Two sides that hear one node in common.</summary>
    Bridge = 1 << 5,

    /// <summary>Processes killed and power cuts, between two operations of the disk.</summary>
    Crash = 1 << 6,

    /// <summary>Crashes before, in the middle of or after an operation of the disk.</summary>
    DiskCrash = 1 << 7,

    /// <summary>Crashes while a node recovers.</summary>
    RecoveryCrash = 1 << 8,

    /// <summary>Processes that stand still.</summary>
    Pause = 1 << 9,

    /// <summary>Disks that become slow.</summary>
    SlowDisk = 1 << 10,

    /// <summary>Disks that become full.</summary>
    FullDisk = 1 << 11,

    /// <summary>Disks that are lost for good.</summary>
    LostDisk = 1 << 12,

    /// <summary>Bits on disks that turn over.</summary>
    Rot = 1 << 13,

    /// <summary>Monotonic clocks that jump.</summary>
    ClockJump = 1 << 14,

    /// <summary>Changes of the members.</summary>
    Changes = 1 << 15,

    /// <summary>Leadership handed over.</summary>
    Transfers = 1 << 16,

    /// <summary>Readers that count the text.</summary>
    Readers = 1 << 17,

    /// <summary>Clients that add to counters.</summary>
    Adds = 1 << 18,

    /// <summary>Linearizable reads.</summary>
    Reads = 1 << 19,

    /// <summary>Reads at the other levels.</summary>
    LevelReads = 1 << 20,

    /// <summary>Commands that are sent again.</summary>
    Repeats = 1 << 21,

    /// <summary>Clients with sessions.</summary>
    Sessions = 1 << 22,

    /// <summary>Clocks whose rate is further off than leases allow.</summary>
    Drift = 1 << 23,

    /// <summary>Disks put back to an older copy.</summary>
    OldDisk = 1 << 24,

    /// <summary>Logs that lose their last durable batch without a trace.</summary>
    BatchCut = 1 << 25,

    /// <summary>Syncs that fail.</summary>
    SyncErrors = 1 << 26,

    /// <summary>Bursts of load that come with faults.</summary>
    Bursts = 1 << 27,

    /// <summary>State machines that take long.</summary>
    SlowApplies = 1 << 28,

    /// <summary>Clients that are content with the leader's disk.</summary>
    ProvisionalWrites = 1 << 29,

    /// <summary>Clients that are content with the disk of the node that they ask.</summary>
    AvailableWrites = 1 << 30,

    /// <summary>Clients that watch counters.</summary>
    Watches = 1L << 31,

    /// <summary>Clients that name their writes with idempotency keys.</summary>
    KeyedWrites = 1L << 32,

    /// <summary>Clients that write batches and bytes.</summary>
    Batches = 1L << 33,
}
