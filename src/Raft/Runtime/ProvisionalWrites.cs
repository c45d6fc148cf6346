using RaftStream.Raft.Core;

namespace RaftStream.Raft.Runtime;

/// <summary>The callers who want to know only that the leader's own disk holds their entry, in log order. Owned by the consensus agent.</summary>
/// <remarks>
/// [safety] Answered by the durable index of the core, which a truncation lowers, and only while this node leads the term of the entry: a position that is told
/// stood on this disk when it was told. Nothing more is promised, so nobody waits for a quorum here. No more wait than proposals may be uncommitted.
/// </remarks>
internal sealed class ProvisionalWrites
{
    private readonly Queue<(LogPosition Position, ClientRequest Request)> _waiting = new();

    /// <summary>A caller waits for the entry at a position.</summary>
    public void Expect(LogPosition position, ClientRequest request) => _waiting.Enqueue((position, request));

    /// <summary>This node leads, and its log is on disk up to <paramref name="durable"/>.</summary>
    public void Durable(LogIndex durable)
    {
        while (_waiting.TryPeek(out var first) && first.Position.Index <= durable)
        {
            _waiting.Dequeue();
            first.Request.Complete(new(Outcome.Provisional, Refusal.None, first.Position, default));
        }
    }

    /// <summary>Leadership is lost, or the replica stops: whether these entries are on the disk, or come to be committed, is not known.</summary>
    public void Lose(Refusal refusal)
    {
        while (_waiting.TryDequeue(out var write))
            write.Request.Complete(new(Outcome.Unknown, refusal, write.Position, default));
    }
}
