using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>A request of a simulated caller: its answer is handed over at once.</summary>
internal sealed class SimRequest : ClientRequest
{
    private readonly Action<Answer> _answered;

    public SimRequest(RequestKind kind, ReadOnlyMemory<byte> payload, Action<Answer> answered, EntryKind entryKind = EntryKind.Command) =>
        (Kind, Payload, EntryKind, _answered) = (kind, payload, entryKind, answered);

    /// <summary>A query.</summary>
    public SimRequest(RequestKind kind, ReadOnlyMemory<byte> payload, TimeSpan maxAge, LogIndex atLeast, Action<Answer> answered)
        : this(kind, payload, answered) => (MaxAge, AtLeast) = (maxAge, atLeast);

    /// <summary>A change of the members.</summary>
    public SimRequest(MemberChange change, Action<Answer> answered) => (Kind, Change, _answered) = (RequestKind.Change, change, answered);

    /// <summary>Where refusals are counted.</summary>
    public Coverage? Coverage { get; set; }

    /// <summary>Judges a read once it is answered.</summary>
    public Action? Answered { get; set; }

    public override void Complete(in Answer answer)
    {
        if (answer.Outcome == Outcome.Applied)
            Answered?.Invoke();
        Coverage?.Refused(answer.Refusal);
        _answered(answer);
    }
}
