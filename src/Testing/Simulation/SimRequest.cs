using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>A request of a simulated caller: its answer is handed over at once.</summary>
internal sealed class SimRequest : ClientRequest
{
    private readonly Action<Answer> _answered;

    public SimRequest(RequestKind kind, ReadOnlyMemory<byte> payload, Action<Answer> answered, EntryKind entryKind = EntryKind.Command) =>
        (Kind, Payload, EntryKind, _answered) = (kind, payload, entryKind, answered);

    public override void Complete(in Answer answer) => _answered(answer);
}
