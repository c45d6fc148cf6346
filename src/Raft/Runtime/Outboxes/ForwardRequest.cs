using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>An outbox's entry on its way to the leader, and there into the log. Nobody waits for an answer: the log is the answer.</summary>
internal sealed class ForwardRequest : ClientRequest
{
    /// <summary>An entry of this node's own outbox, to be taken to whoever leads.</summary>
    public ForwardRequest(ReadOnlyMemory<byte> entry)
        : this(RequestKind.Forward, entry)
    {
    }

    private ForwardRequest(RequestKind kind, ReadOnlyMemory<byte> entry) => (Kind, Payload, EntryKind) = (kind, entry, EntryKind.Session);

    /// <summary>
    /// The entry that a peer's frame brings, to be proposed here; null where it brings none. [safety] Each node speaks for its own outbox alone, or one could use up the numbers of another.
    /// </summary>
    public static ForwardRequest? TryRead(in PeerInput input)
    {
        if (!PeerFrame.IsForward(input.Frame))
            return null;
        var bytes = input.Frame.AsMemory(PeerFrame.ForwardHeaderSize);
        return OutboxEntry.TryRead(bytes.Span, out var entry) && entry.Node == input.From ? new(RequestKind.Propose, bytes) : null;
    }

    /// <inheritdoc/>
    public override void Complete(in Answer answer)
    {
        // The outbox looks at what its own replica applies, and sends again what is not there in time.
    }
}
