using RaftStream.Raft.Runtime;

namespace RaftStream.Raft;

/// <summary>
/// What a read may rely on. Each level is served exactly or refused with a reason; none is weakened in silence.
/// </summary>
public readonly record struct ReadConsistency
{
    private ReadConsistency(RequestKind kind, TimeSpan maxAge, LogIndex atLeast) => (Kind, MaxAge, AtLeast) = (kind, maxAge, atLeast);

    /// <summary>Real-time order, from any node, through a round of the leader; unavailable in a minority (dissertation 6.4). The default.</summary>
    public static ReadConsistency Linearizable => default;

    /// <summary>
    /// Real-time order from the leader alone, without a round, as long as each member's clock keeps its rate within the drift bound of true time
    /// (dissertation 6.4.1).
    /// </summary>
    public static ReadConsistency Lease => new(RequestKind.ReadByLease, default, default);

    /// <summary>From any replica, whatever it has applied: some prefix of the log.</summary>
    public static ReadConsistency Eventual => new(RequestKind.ReadLocal, default, default);

    /// <summary>
    /// As <see cref="Eventual"/>, with what waits in this node's outbox laid over it: each accepted command is in the answer exactly once, whether the replica has applied it or
    /// not (<see cref="Answer.IsTentative"/>). Only for queries that the state machine can answer so.
    /// </summary>
    public static ReadConsistency Tentative => new(RequestKind.ReadTentative, default, default);

    /// <summary>Linearizable, unless another kind was asked for.</summary>
    internal RequestKind Kind => field == RequestKind.Propose ? RequestKind.Read : field;

    internal TimeSpan MaxAge { get; }

    internal LogIndex AtLeast { get; }

    /// <summary>
    /// From any replica that can prove that its state lacks nothing that was acknowledged longer ago than this, before the read was taken up; no clocks are
    /// compared.
    /// </summary>
    public static ReadConsistency BoundedStaleness(TimeSpan maxAge) => new(RequestKind.ReadBounded, maxAge, default);

    /// <summary>From any replica, once it has applied an index that the caller has seen: read your writes, monotonic reads.</summary>
    public static ReadConsistency Session(LogIndex atLeast) => new(RequestKind.ReadAt, default, atLeast);
}
