using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>The state of a store and its jobs at one moment, written out a piece at a time by another thread while applying goes on.</summary>
internal sealed class StreamView : ISnapshotView
{
    private readonly ISnapshotView _store;
    private readonly CaptureTicket _ticket;
    private readonly IReadOnlyList<CapturedJob> _jobs;
    private readonly PieceWriter _piece = new();
    private IEnumerator<bool>? _steps;
    private bool _isStoreWritten;
    private bool _isComplete;

    /// <summary>The view of a ticket, over what was frozen when it was taken.</summary>
    public StreamView(ISnapshotView store, CaptureTicket ticket, IReadOnlyList<CapturedJob> jobs)
    {
        (_store, _ticket, _jobs) = (store, ticket, jobs);
        _steps = JobsSnapshot.Steps(jobs, _piece).GetEnumerator();
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The view was disposed.</exception>
    /// <exception cref="InvalidDataException">A file of a sink is damaged.</exception>
    public bool WriteNext(IBufferWriter<byte> destination)
    {
        if (!_isStoreWritten)
        {
            if (_store.WriteNext(destination))
                return true;
            _isStoreWritten = true;
        }

        if (_isComplete)
            return false;
        var steps = _steps;
        ObjectDisposedException.ThrowIf(steps is null || !_ticket.TryEnter(), this);
        var isWhole = false;
        try
        {
            _piece.Begin(destination);
            _isComplete = !steps.MoveNext();
            isWhole = true;
        }
        finally
        {
            _piece.End();
            _ticket.Leave();
            if (!isWhole)
                Dispose(); // A destination that failed has half a piece: going on would leave a gap in what looks complete.
        }

        if (_isComplete)
            Dispose();
        return _piece.Written > 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _store.Dispose();
        _steps = null;
        foreach (var job in _jobs)
            job.Dispose();
        _ticket.Release();
    }
}
