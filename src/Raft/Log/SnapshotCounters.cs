namespace RaftStream.Raft.Log;

/// <summary>What became of the chunks of a replica's snapshots since it started. Written by the disk agent's thread, read by any.</summary>
internal sealed class SnapshotCounters
{
    /// <summary>Chunks written, of its own state and received.</summary>
    public Tally Written { get; } = new();

    /// <summary>Their bytes, headers included.</summary>
    public Tally WrittenBytes { get; } = new();

    /// <summary>Chunks that an older snapshot on the disk holds, looked at and referred to.</summary>
    public Tally Reused { get; } = new();

    /// <summary>Their bytes, headers included.</summary>
    public Tally ReusedBytes { get; } = new();

    /// <summary>Chunks that a received snapshot found in an older one, so that nobody had to send them.</summary>
    public Tally Spared { get; } = new();

    /// <summary>Chunks of older snapshots that were to be reused and could not be read or were not what their name says: written anew.</summary>
    public Tally Damaged { get; } = new();
}
