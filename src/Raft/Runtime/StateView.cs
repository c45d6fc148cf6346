using System.Buffers;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// The terms of the log, the outboxes, the idempotency keys, the sessions and the state machine's own state of one moment, one behind the other, on their way into a snapshot. Whoever carries it
/// to disk disposes of it, on any thread, and so says <paramref name="released"/>: the next may be captured.
/// </summary>
internal sealed class StateView(ReadOnlyMemory<byte> terms, ReadOnlyMemory<byte> outboxes, KeyedSnapshot keys, SessionSnapshot sessions, ISnapshotView machine, Action released)
    : ISnapshotView
{
    private bool _hasTerms;
    private bool _isReleased;

    /// <inheritdoc/>
    public bool WriteNext(IBufferWriter<byte> destination)
    {
        if (_hasTerms)
            return keys.WriteNext(destination) || sessions.WriteNext(destination) || machine.WriteNext(destination);
        destination.Write(terms.Span);
        destination.Write(outboxes.Span);
        return _hasTerms = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isReleased)
            return;
        _isReleased = true;
        machine.Dispose();
        released();
    }
}
