namespace RaftStream.Raft.Runtime;

/// <summary>The commands of an outbox that were not seen in the log yet, oldest first. Owned by the outbox agent, which hands out views of it.</summary>
/// <remarks>
/// Views share the arrays: behind what a view shows things may be added, and what it shows is never written again. Where places are used up the arrays are made anew.
/// </remarks>
internal sealed class PendingCommands
{
    private const int Fewest = 64;

    private OutboxPlace[] _places = new OutboxPlace[Fewest];
    private ReadOnlyMemory<byte>[] _commands = new ReadOnlyMemory<byte>[Fewest];
    private Instant[] _since = new Instant[Fewest];
    private int _first;
    private int _end;

    /// <summary>How many.</summary>
    public int Count => _end - _first;

    /// <summary>The bytes of all of them.</summary>
    public long Bytes { get; private set; }

    /// <summary>All of them as they are now.</summary>
    public PendingView View() => new(_places, _commands, _first, Count, Bytes, Count == 0 ? Instant.Never : _since[_first]);

    /// <summary>The command at a place, which is among them.</summary>
    public ReadOnlyMemory<byte> CommandOf(long start, long sequence)
    {
        // Within an epoch they are without gaps, and what is asked for is one of the oldest epoch.
        var place = _first + (int)(sequence - _places[_first].Sequence);
        Invariant.Check(place >= _first && place < _end && _places[place] is var found && found.Start == start && found.Sequence == sequence, "a pending command is asked for");
        return _commands[place];
    }

    /// <summary>Adds a command behind all others.</summary>
    public void Add(in OutboxPlace place, ReadOnlyMemory<byte> command, Instant since)
    {
        if (_end == _places.Length)
            Move();
        (_places[_end], _commands[_end], _since[_end]) = (place, command, since);
        _end++;
        Bytes += command.Length;
    }

    /// <summary>The oldest are gone, up to a sequence of an epoch.</summary>
    public void DropTo(long start, long sequence)
    {
        for (; _first < _end && (_places[_first].Start < start || (_places[_first].Start == start && _places[_first].Sequence <= sequence)); _first++)
            Bytes -= _commands[_first].Length;

        // The arrays hold on to what is gone: never to more than to what is there.
        if (_first > Math.Max(Fewest, Count))
            Move();
    }

    private void Move()
    {
        var (count, size) = (Count, Math.Max(Fewest, 2 * Count));
        (_places, _commands, _since) = (Moved(_places), Moved(_commands), Moved(_since));
        (_first, _end) = (0, count);

        T[] Moved<T>(T[] from)
        {
            var to = new T[size];
            Array.Copy(from, _first, to, 0, count);
            return to;
        }
    }
}

/// <summary>What waits in an outbox at one moment. Immutable; from any thread.</summary>
internal sealed class PendingView(OutboxPlace[] places, ReadOnlyMemory<byte>[] commands, int first, int count, long bytes, Instant oldest)
{
    /// <summary>Nothing waits.</summary>
    public static PendingView Empty { get; } = new([], [], 0, 0, 0, Instant.Never);

    /// <summary>How many.</summary>
    public int Count => count;

    /// <summary>The bytes of all commands.</summary>
    public long Bytes => bytes;

    /// <summary>When the oldest was accepted, or read from the disk of an earlier life; never: there is none.</summary>
    public Instant Oldest => oldest;

    /// <summary>Where they stand in the outbox.</summary>
    public ReadOnlySpan<OutboxPlace> Places => places.AsSpan(first, count);

    /// <summary>Those that are not in a state whose log holds this node's commands up to <paramref name="applied"/>.</summary>
    public ReadOnlySpan<ReadOnlyMemory<byte>> Behind(in OutboxPlace applied)
    {
        var (low, high) = (0, count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (IsBehind(places[first + middle], applied))
                high = middle;
            else
                low = middle + 1;
        }

        return commands.AsSpan(first + low, count - low);
    }

    /// <summary>One of an epoch that another one has followed, or taken the number of, never will be in the log if it is not there already.</summary>
    private static bool IsBehind(in OutboxPlace place, in OutboxPlace applied) =>
        place.Start > applied.Start || (place.Start == applied.Start && place.Epoch == applied.Epoch && place.Sequence > applied.Sequence);
}
