using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>A captured state on its way to disk, a slice at a time so that writes of the log go between.</summary>
/// <remarks>
/// One piece a slice: a large state makes a piece of 64 KiB in up to half a millisecond, and a write may wait for that long behind each
/// group commit while a snapshot is saved.
/// </remarks>
internal sealed class SavingSnapshot : IDisposable
{
    private readonly CapturedState _captured;
    private readonly SnapshotWriter _writer;

    public SavingSnapshot(SnapshotStore store, CapturedState captured, ReadOnlyMemory<byte> members)
    {
        _captured = captured;
        _writer = store.BeginWrite(new(captured.Position, captured.Time, captured.StateHash, members));
    }

    /// <summary>Writes on; the position once the snapshot is durable.</summary>
    public LogPosition? Continue()
    {
        if (_captured.View.WriteNext(_writer))
            return null;
        _writer.Finish();
        return _captured.Position;
    }

    /// <summary>Gives it up and the room it takes on disk.</summary>
    public void Abandon() => _writer.Abandon();

    public void Dispose()
    {
        _writer.Dispose();
        _captured.View.Dispose();
    }
}
