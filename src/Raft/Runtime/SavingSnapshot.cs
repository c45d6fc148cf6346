using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>A captured state on its way to disk, a slice at a time so that writes of the log go between.</summary>
internal sealed class SavingSnapshot : IDisposable
{
    private const int PiecesPerSlice = 4;

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
        for (var piece = 0; piece < PiecesPerSlice; piece++)
        {
            if (!_captured.View.WriteNext(_writer))
            {
                _writer.Finish();
                return _captured.Position;
            }
        }

        return null;
    }

    /// <summary>Gives it up and the room it takes on disk.</summary>
    public void Abandon() => _writer.Abandon();

    public void Dispose()
    {
        _writer.Dispose();
        _captured.View.Dispose();
    }
}
