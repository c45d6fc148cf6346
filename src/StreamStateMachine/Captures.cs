namespace RaftStream.StreamStateMachine;

/// <summary>
/// Which pages the living views of a store may still read, so that each is copied before its first write afterwards and never twice.
/// Owned by the applying thread; only the tickets are shared with the threads that read the views.
/// </summary>
/// <remarks>
/// Time is cut into epochs, and each capture ends one. A page carries the epoch in which it was made. Exactly the pages of the store that
/// are not younger than the newest living view belong to a view: one made later was never seen by it, and one that was replaced since
/// is not in the store any more. So one comparison decides, whatever the number of views, and releasing one costs nothing at all.
/// </remarks>
internal sealed class Captures
{
    private readonly List<CaptureTicket> _living = [];
    private long _sharedUpTo;

    /// <summary>The epoch of pages made now: 1 or more.</summary>
    public long Epoch { get; private set; } = 1;

    /// <summary>Whether any view is alive.</summary>
    public bool HasLiving => Refresh() > 0;

    /// <summary>Ends the epoch: from here on, all pages that there are belong to the view of this ticket, until it is released.</summary>
    public CaptureTicket Begin()
    {
        _living.RemoveAll(static ticket => ticket.IsReleased);
        var ticket = new CaptureTicket(Epoch);
        _living.Add(ticket);
        _sharedUpTo = Epoch++;
        return ticket;
    }

    /// <summary>Whether a page of that epoch belongs to a living view, so that it must be copied instead of written.</summary>
    public bool IsShared(long born) => born <= _sharedUpTo && born <= Refresh();

    /// <summary>
    /// Whether no view holds a page that the store gave up in that epoch: views captured since then never saw it, so only older ones count.
    /// </summary>
    public bool IsReleased(long retired)
    {
        while (_living.Count > 0 && _living[0].IsReleased)
            _living.RemoveAt(0);
        return _living.Count == 0 || _living[0].Epoch >= retired;
    }

    /// <summary>
    /// Looks for views that were released. Only asked where a page would have to be copied, so that a released view stops the copying at
    /// the next page, and no write reads what another thread changes unless a view was alive a moment ago.
    /// </summary>
    private long Refresh()
    {
        while (_living.Count > 0 && _living[^1].IsReleased)
            _living.RemoveAt(_living.Count - 1);
        _sharedUpTo = _living.Count == 0 ? 0 : _living[^1].Epoch;
        return _sharedUpTo;
    }
}

/// <summary>
/// One view's claim on the pages of its epoch. Taken by the applying thread, released by whichever thread is done with the view.
/// </summary>
/// <remarks>
/// [safety] A release while another thread reads takes effect when that reading ends: else the applying thread would write into pages in
/// the middle of it, and a torn entry could point anywhere. The interlocked exchanges order all reads of the view before the
/// release, and the applying thread's writes after it.
/// </remarks>
internal sealed class CaptureTicket(long epoch)
{
    private const int Idle = 0;
    private const int Reading = 1;
    private const int Released = 2;
    private const int ReleasedWhileReading = 3;

    private int _state;

    /// <summary>The epoch that the capture ended.</summary>
    public long Epoch => epoch;

    /// <summary>Whether the pages may be written again.</summary>
    public bool IsReleased => Volatile.Read(ref _state) == Released;

    /// <summary>Begins to read; false once released.</summary>
    public bool TryEnter()
    {
        var before = Interlocked.CompareExchange(ref _state, Reading, Idle);
        Invariant.Check(before is Idle or Released, "one thread at a time reads a view");
        return before == Idle;
    }

    /// <summary>Ends reading.</summary>
    public void Leave()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Reading) != Reading)
            Volatile.Write(ref _state, Released);
    }

    /// <summary>Gives the pages back, from any thread; again does nothing.</summary>
    public void Release()
    {
        while (true)
        {
            var before = Interlocked.CompareExchange(ref _state, Released, Idle);
            if (before != Reading || Interlocked.CompareExchange(ref _state, ReleasedWhileReading, Reading) == Reading)
                return;
        }
    }
}
