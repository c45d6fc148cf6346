using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>The state of a store and its jobs at one moment: the store's view, then the jobs and their files. How it is written and given up: <see cref="TicketedSteps"/>.</summary>
internal sealed class StreamView : ISnapshotView
{
    private readonly ISnapshotView _store;
    private readonly IReadOnlyList<CapturedJob> _captured;
    private readonly TicketedSteps _jobs;
    private bool _isStoreWritten;
    private bool _isComplete;

    /// <summary>The view of a ticket, over what was frozen when it was taken.</summary>
    public StreamView(ISnapshotView store, CaptureTicket ticket, IReadOnlyList<CapturedJob> jobs)
    {
        (_store, _captured) = (store, jobs);
        _jobs = new(ticket, piece => JobsSnapshot.Steps(jobs, piece));
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
        var isWhole = false;
        try
        {
            _isComplete = !_jobs.WriteNext(destination);
            isWhole = true;
        }
        finally
        {
            // All is written, or going on would leave a gap: the files are of no use any more.
            if (_isComplete || !isWhole)
                Dispose();
        }

        return !_isComplete;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _store.Dispose();
        _jobs.Dispose();
        foreach (var job in _captured)
            job.Dispose();
    }
}
