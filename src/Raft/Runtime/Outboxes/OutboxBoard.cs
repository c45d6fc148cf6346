namespace RaftStream.Raft.Runtime;

/// <summary>
/// What the outbox agent and the thread that applies the log tell each other: which commands wait, and up to which this replica has applied them. Each side writes its own half; anybody
/// may read.
/// </summary>
/// <remarks>
/// [safety] A command is on the board before it is answered as accepted, and leaves it only after the log held it: so whoever reads the board on the applying thread, and leaves out what
/// that thread has applied, has each accepted command exactly once.
/// </remarks>
internal sealed class OutboxBoard(NodeId node, Parker agent)
{
    private volatile PendingView _pending = PendingView.Empty;
    private volatile Mark _applied = new(default);

    /// <summary>Whose outbox it is.</summary>
    public NodeId Node => node;

    /// <summary>What waits.</summary>
    public PendingView Pending
    {
        get => _pending;
        set => _pending = value;
    }

    /// <summary>The last command of this outbox that this replica has applied.</summary>
    public OutboxPlace Applied => _applied.Place;

    /// <summary>Commands seen in the log since the start of the process.</summary>
    public Tally Drained { get; } = new();

    /// <summary>Commands that will never be in the log, since the start of the process: the disk was put back to an older copy.</summary>
    public Tally Lost { get; } = new();

    /// <summary>The replica has applied something. By the applying thread.</summary>
    public void OnApplied(OutboxTable outboxes)
    {
        var last = outboxes.LastOf(node);
        if (last == _applied.Place)
            return;
        _applied = new(last);
        agent.Unpark();
    }

    private sealed record Mark(OutboxPlace Place);
}
