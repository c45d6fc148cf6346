namespace RaftStream.Testing;

/// <summary>What can happen next.</summary>
internal enum SimEventKind
{
    /// <summary>A frame arrives.</summary>
    Deliver,

    /// <summary>An agent gets its turn.</summary>
    Poll,

    /// <summary>A node's timer ends.</summary>
    Timer,

    /// <summary>A client or reader acts.</summary>
    Client,

    /// <summary>Something breaks.</summary>
    Fault,

    /// <summary>The operator changes something.</summary>
    Operate,

    /// <summary>A node's process starts again.</summary>
    Restart,

    /// <summary>A partition ends.</summary>
    Heal,

    /// <summary>A node is cut off from all others, for long.</summary>
    Maroon,
}

/// <summary>Something that will happen; which fields count depends on the kind.</summary>
internal readonly record struct SimEvent(SimEventKind Kind, NodeId Node, NodeId From, int Life, int Number, long At, byte[]? Frame);

/// <summary>What will happen, in order of time; at the same instant, in the order in which it was foreseen.</summary>
internal sealed class SimEvents
{
    private readonly PriorityQueue<SimEvent, (long At, long Order)> _queue = new();
    private long _order;

    public int Count => _queue.Count;

    public void Add(long at, in SimEvent what) => _queue.Enqueue(what, (at, _order++));

    public bool TryTake(out SimEvent next, out long at)
    {
        var taken = _queue.TryDequeue(out next, out var priority);
        at = priority.At;
        return taken;
    }
}
