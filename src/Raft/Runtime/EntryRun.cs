using System.Runtime.InteropServices;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// A run of committed entries on its way to the state machine, with the callers who wait for their results. Reused: filled by the
/// consensus agent, emptied and given back by the apply agent, one owner at a time.
/// </summary>
internal sealed class EntryRun
{
    /// <summary>Commands in a run at the most.</summary>
    public const int MaxCommands = 512;

    private readonly Command[] _commands = new Command[MaxCommands];
    private readonly ClientRequest?[] _requests = new ClientRequest?[MaxCommands];
    private readonly bool[] _isSession = new bool[MaxCommands];

    private readonly List<LogPosition> _terms = [];

    /// <summary>The first entry in the run of each term that it has entries of.</summary>
    public ReadOnlySpan<LogPosition> Terms => CollectionsMarshal.AsSpan(_terms);

    /// <summary>How many commands and session entries.</summary>
    public int Count { get; private set; }

    /// <summary>Whether there is a session entry among them.</summary>
    public bool HasSessions { get; private set; }

    /// <summary>Whether the last entry is a snapshot point: the state after this run is the one to capture.</summary>
    public bool IsSnapshotPoint { get; private set; }

    /// <summary>The last entry of the run, which may be no command.</summary>
    public LogPosition Last { get; private set; }

    /// <summary>The log time of the last entry.</summary>
    public long Time { get; private set; }

    /// <summary>The records' size in bytes, those that are no commands included.</summary>
    public long Bytes { get; private set; }

    public ReadOnlySpan<Command> Commands => _commands.AsSpan(0, Count);

    public ReadOnlySpan<ClientRequest?> Requests => _requests.AsSpan(0, Count);

    /// <summary>Whether the payload at a place is a session's entry, not the state machine's command.</summary>
    public bool IsSession(int place) => _isSession[place];

    /// <summary>Adds an entry that the state machine does not see.</summary>
    public void Skip(LogPosition position, long time, int size)
    {
        if (position.Term != Last.Term)
            _terms.Add(position);
        (Last, Time) = (position, time);
        Bytes += size;
    }

    /// <summary>Adds a command.</summary>
    public void Add(in Command command, ClientRequest? request, int size)
    {
        _commands[Count] = command;
        _requests[Count++] = request;
        Skip(command.Position, command.Time, size);
    }

    /// <summary>Adds a session's entry.</summary>
    public void AddSession(in Command entry, ClientRequest? request, int size)
    {
        (_isSession[Count], HasSessions) = (true, true);
        Add(entry, request, size);
    }

    /// <summary>Ends the run with a snapshot point.</summary>
    public void EndAtSnapshotPoint(LogPosition position, long time, int size)
    {
        Skip(position, time, size);
        IsSnapshotPoint = true;
    }

    /// <summary>Lets go of everything.</summary>
    public void Clear()
    {
        _terms.Clear();
        Array.Clear(_isSession, 0, Count);
        (HasSessions, IsSnapshotPoint) = (false, false);
        Array.Clear(_commands, 0, Count);
        Array.Clear(_requests, 0, Count);
        (Count, Last, Time, Bytes) = (0, default, 0, 0);
    }
}
