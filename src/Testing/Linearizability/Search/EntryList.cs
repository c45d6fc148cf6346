namespace RaftStream.Testing.Linearizability;

/// <summary>
/// The calls and answers of the answered operations that have not been taken, in real-time order, as a linked list in arrays. Taking an
/// operation unlinks both its entries, putting it back links them again where they were: last taken, first put back.
/// </summary>
internal sealed class EntryList
{
    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly int[] _operation;
    private readonly int[] _call;
    private readonly int[] _return;

    public EntryList(Operation[] completed)
    {
        var entries = (completed.Length * 2) + 2;
        _next = new int[entries];
        _previous = new int[entries];
        _operation = new int[entries];
        _call = new int[completed.Length];
        _return = new int[completed.Length];
        var events = new (int Position, int Operation, bool IsReturn)[completed.Length * 2];
        for (var i = 0; i < completed.Length; i++)
        {
            events[2 * i] = (completed[i].Invoked, i, false);
            events[(2 * i) + 1] = (completed[i].Returned, i, true);
        }
        Array.Sort(events, static (left, right) => left.Position.CompareTo(right.Position));
        for (var place = 1; place < entries; place++)
        {
            _previous[place] = place - 1;
            _next[place - 1] = place;
            if (place > events.Length)
                continue;
            var (_, operation, isReturn) = events[place - 1];
            _operation[place] = isReturn ? ~operation : operation;
            (isReturn ? _return : _call)[operation] = place;
        }
    }

    /// <summary>The first entry.</summary>
    public int First => _next[0];

    /// <summary>The entry after one.</summary>
    public int Next(int entry) => _next[entry];

    /// <summary>The operation whose call an entry is; negative if it is an answer.</summary>
    public int CallAt(int entry) => _operation[entry];

    /// <summary>The entry of an operation's call, linked or not.</summary>
    public int CallOf(int operation) => _call[operation];

    /// <summary>The entry of an operation's answer, linked or not.</summary>
    public int ReturnOf(int operation) => _return[operation];

    /// <summary>Unlinks an operation.</summary>
    public void Take(int operation)
    {
        Unlink(_call[operation]);
        Unlink(_return[operation]);
    }

    /// <summary>Links the operation taken last again.</summary>
    public void PutBack(int operation)
    {
        Link(_return[operation]);
        Link(_call[operation]);
    }

    private void Unlink(int entry)
    {
        _next[_previous[entry]] = _next[entry];
        _previous[_next[entry]] = _previous[entry];
    }

    private void Link(int entry)
    {
        _next[_previous[entry]] = entry;
        _previous[_next[entry]] = entry;
    }
}
