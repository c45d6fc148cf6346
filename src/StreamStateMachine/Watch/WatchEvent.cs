namespace RaftStream.StreamStateMachine;

/// <summary>What a watch tells.</summary>
public enum WatchEventKind
{
    /// <summary>A counter has a new value.</summary>
    Changed = 0,

    /// <summary>A counter was deleted.</summary>
    Deleted = 1,

    /// <summary>
    /// The changes in between are not known here: forget what you know. All counters that are watched follow as <see cref="Row"/>, with what of them changes meanwhile, up to
    /// the next <see cref="Progress"/>, at whose index all of it together is the state.
    /// </summary>
    Reset = 2,

    /// <summary>A counter that there is.</summary>
    Row = 3,

    /// <summary>Everything up to this index was told.</summary>
    Progress = 4,

    /// <summary>A key holds bytes, which are not told: others than before or, from a reset up to its progress, also as a row that there is. No counter is there any more.</summary>
    Bytes = 5,
}

/// <summary>
/// One event of a watch. Only what is committed is told, each change once and in the order of the log; between two events nothing that is watched has changed, except where
/// a <see cref="WatchEventKind.Reset"/> says so.
/// </summary>
/// <param name="Kind">What it tells.</param>
/// <param name="Index">The log entry that made the change; of a row or progress, the last one that the state holds. Zero for a reset.</param>
/// <param name="Key">The key; empty for a reset and for progress.</param>
/// <param name="Value">Its value; 0 where it was deleted or holds bytes.</param>
/// <param name="Resume">
/// Where a watch goes on, on any node, that has handled this event and all before it: behind this index. An entry that changes several counters moves it to itself
/// only with the last of them: whoever stops within it is told all of it again, and nothing of those before. Null from a reset up to the progress that ends it: begin anew.
/// </param>
public readonly record struct WatchEvent(WatchEventKind Kind, LogIndex Index, string Key, long Value, LogIndex? Resume);

/// <summary>A watch cannot go on at this node; go on behind the last <see cref="WatchEvent.Resume"/>, here or at another one.</summary>
/// <param name="refusal">Why.</param>
public sealed class WatchEndedException(Refusal refusal) : Exception($"The watch has ended ({refusal}): begin another one behind the last index to resume at, here or at another node.")
{
    /// <summary>Why: <see cref="Raft.Refusal.Stopped"/> with its node, or <see cref="Raft.Refusal.Overloaded"/> where there are too many watches or reads.</summary>
    public Refusal Refusal { get; } = refusal;
}
