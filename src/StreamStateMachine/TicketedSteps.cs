using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Bytes of a state at one moment, written out a piece at a time by another thread while applying goes on. Holds the pages of its ticket until it is disposed or all has been written.
/// </summary>
/// <remarks>
/// The work of a piece does not depend on the size of the state, so that whoever writes can do something else in between. It may be
/// disposed at any time from any thread; a piece that is being written then is finished first.
/// </remarks>
internal sealed class TicketedSteps : IDisposable
{
    private readonly CaptureTicket _ticket;
    private readonly PieceWriter _piece = new();
    private IEnumerator<bool>? _steps;
    private bool _isComplete;

    /// <summary>The bytes of a ticket.</summary>
    /// <param name="ticket">Taken when what the steps read was frozen.</param>
    /// <param name="steps">Writes to the piece, and pauses wherever that is full.</param>
    public TicketedSteps(CaptureTicket ticket, Func<PieceWriter, IEnumerable<bool>> steps)
    {
        _ticket = ticket;
        _steps = steps(_piece).GetEnumerator();
    }

    /// <inheritdoc cref="ISnapshotView.WriteNext"/>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public bool WriteNext(IBufferWriter<byte> destination)
    {
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
        // Whoever keeps the object keeps no pages with it.
        _steps = null;
        _ticket.Release();
    }
}
