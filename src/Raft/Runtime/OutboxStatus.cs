namespace RaftStream.Raft;

/// <summary>Where a node's outbox stands.</summary>
/// <param name="Pending">Commands that are accepted and that this node has not seen in the log yet.</param>
/// <param name="Bytes">The bytes of those.</param>
/// <param name="OldestAge">How long the oldest of them waits, counted from the start of the process at the most; null where none waits.</param>
/// <param name="Drained">Commands that came into the log since the start of the process.</param>
/// <param name="Lost">Commands that never will, since the start of the process: because the disk was put back to an older copy. Else always 0.</param>
public sealed record OutboxStatus(long Pending, long Bytes, TimeSpan? OldestAge, long Drained, long Lost);
