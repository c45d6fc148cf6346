namespace RaftStream.Raft;

/// <summary>
/// Which session expires next: a heap by deadline. A deadline that moved on is only looked at when it comes to the top, so that a
/// session's use costs nothing here. Its inner order is no part of the replicated state. Owned by the <see cref="SessionTable"/>.
/// </summary>
/// <remarks>Kept true: exactly the open sessions are in it, each once; what it was put there for is never behind its deadline.</remarks>
internal sealed class SessionDeadlines
{
    private Session[] _heap = new Session[16];

    /// <summary>How many sessions.</summary>
    public int Count { get; private set; }

    /// <summary>A session was opened.</summary>
    public void Add(Session session)
    {
        if (Count == _heap.Length)
            Array.Resize(ref _heap, _heap.Length * 2);
        Put(session, Count++, session.Deadline);
        Up(session);
    }

    /// <summary>A session was closed.</summary>
    public void Remove(Session session)
    {
        var place = session.Due.Place;
        Invariant.Check(_heap[place] == session, "a session stands at its place among the deadlines");
        var last = _heap[--Count];
        _heap[Count] = null!;
        if (last == session)
            return;
        Put(last, place, last.Due.For);
        Up(last);
        Down(last);
    }

    /// <summary>A session whose deadline is not behind <paramref name="time"/>; null if there is none.</summary>
    public Session? Expired(long time)
    {
        while (Count > 0 && _heap[0].Due.For <= time)
        {
            var first = _heap[0];
            if (first.Deadline <= time)
                return first;
            Put(first, 0, first.Deadline);
            Down(first);
        }

        return null;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        Array.Clear(_heap, 0, Count);
        Count = 0;
    }

    private void Up(Session session)
    {
        for (var place = session.Due.Place; place > 0 && _heap[(place - 1) / 2].Due.For > session.Due.For; place = session.Due.Place)
            Swap(place, (place - 1) / 2);
    }

    private void Down(Session session)
    {
        while (true)
        {
            var place = session.Due.Place;
            var child = (2 * place) + 1;
            if (child >= Count)
                return;
            if (child + 1 < Count && _heap[child + 1].Due.For < _heap[child].Due.For)
                child++;
            if (_heap[child].Due.For >= session.Due.For)
                return;
            Swap(place, child);
        }
    }

    private void Swap(int left, int right)
    {
        var (first, second) = (_heap[left], _heap[right]);
        Put(first, right, first.Due.For);
        Put(second, left, second.Due.For);
    }

    private void Put(Session session, int place, long due)
    {
        _heap[place] = session;
        session.Due = (place, due);
    }
}
