namespace RaftStream.Raft.Runtime;

/// <summary>What a caller in this process wants.</summary>
internal enum RequestKind : byte
{
    /// <summary>Propose an entry.</summary>
    Propose = 0,

    /// <summary>Answer a query linearizably.</summary>
    Read = 1,

    /// <summary>Answer a query from the state as it is.</summary>
    ReadLocal = 2,

    /// <summary>Answer a query linearizably under the leader's lease.</summary>
    ReadByLease = 3,

    /// <summary>Answer a query from a state of bounded age.</summary>
    ReadBounded = 4,

    /// <summary>Answer a query once an index is applied.</summary>
    ReadAt = 5,

    /// <summary>Change the members.</summary>
    Change = 6,

    /// <summary>Hand leadership over.</summary>
    Transfer = 7,

    /// <summary>Tell what became of a provisional write.</summary>
    Confirm = 8,

    /// <summary>Answer a query from the state as it is and what waits in the outbox.</summary>
    ReadTentative = 9,

    /// <summary>Take an entry of this node's outbox to whoever leads.</summary>
    Forward = 10,
}

/// <summary>One request of a caller, answered exactly once, on an agent's thread: <see cref="Complete"/> must not block nor call back.</summary>
internal abstract class ClientRequest
{
    /// <summary>What is wanted.</summary>
    public RequestKind Kind { get; protected set; }

    /// <summary>What a proposal becomes in the log.</summary>
    public EntryKind EntryKind { get; protected set; } = EntryKind.Command;

    /// <summary>The command or the query.</summary>
    public ReadOnlyMemory<byte> Payload { get; protected set; }

    /// <summary>Propose: what must hold the entry before it is answered.</summary>
    public WriteConcern Concern { get; init; }

    /// <summary>Confirm: where the write was put.</summary>
    public LogPosition Confirm { get; init; }

    /// <summary>ReadBounded: how old the state may be.</summary>
    public TimeSpan MaxAge { get; init; }

    /// <summary>ReadBounded, ReadLocal: how old the state is at the most, judged when the request was taken; null where that is not known.</summary>
    public TimeSpan? Age { get; set; }

    /// <summary>ReadAt: the index to see.</summary>
    public LogIndex AtLeast { get; init; }

    /// <summary>Change: what is to be changed.</summary>
    public MemberChange? Change { get; init; }

    /// <summary>Transfer: to whom; nobody for the best voter.</summary>
    public NodeId Target { get; init; }

    /// <summary>Whether nobody waits for the answer any more.</summary>
    public virtual bool IsAbandoned => false;

    /// <summary>Hands over the answer.</summary>
    public abstract void Complete(in Answer answer);

    /// <summary>Certainly not done. Of a question about another write this says nothing about that write.</summary>
    public void Refuse(Refusal refusal) => Complete(Refused(refusal));

    /// <summary>The answer to it where it is refused.</summary>
    public Answer Refused(Refusal refusal) =>
        Kind == RequestKind.Confirm ? new(Outcome.Unknown, refusal, Confirm, default) : new(Outcome.Rejected, refusal, default, default);
}
